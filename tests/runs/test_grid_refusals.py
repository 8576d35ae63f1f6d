"""What is wrong with a grid file: file, table and field are named, and what to write instead."""

import pytest

from surefit.errors import InvalidInputError, StorageError
from surefit.runs.grid import GridSpec
from surefit.runs.grid.options import parse_bytes


@pytest.mark.parametrize(
    ("tables", "words"),
    [
        ({"grid": {"widht": [1]}}, ["g.toml, [grid]", "'widht'", "Did you mean `width`?"]),
        ({"base": {"widht": 1}}, ["g.toml, [base]", "Did you mean `width`?"]),
        ({"zip": [{"widht": [1]}]}, ["g.toml, [[zip]]", "Did you mean `width`?"]),
        ({"exclude": [{"widht": 1}]}, ["g.toml, [[exclude]]", "Did you mean `width`?"]),
        ({"width": 3}, ["Got width = 3", "write it below `[base]` or `[grid]`"]),
        ({"zip": {"width": [3]}}, ["Got zip = ", "double brackets"]),
        ({"grids": {}}, ["Got grids", "Correct the name of the table"]),
        ({"grid": {"width": ["x"]}}, ["[grid]: `CertifySpec(width=...)` must be a whole number"]),
        ({"grid": {"width": [0]}}, ["at least 1. Got 0"]),
        ({"grid": {"width": [True]}}, ["must be a whole number"]),
        ({"grid": {"width": []}}, ["[grid]: `width` must have a value", "no cells"]),
        ({"grid": {"classes": [0, 1]}}, ["must be a list of lists", "`classes = [[0, 1]]`"]),
        ({"base": {"width": [1, 2]}}, ["[base] must have one value for `width`", "to [grid]"]),
        ({"base": {"classes": [[0, 1]]}}, ["must have one value for `classes`"]),
        ({"base": {"width": {"count": 2}}}, ["must have one value for `width`"]),
        ({"base": {"width": 1}, "grid": {"width": [1]}}, ["`width` in two of"]),
        ({"grid": {"width": [1]}, "zip": [{"width": [1]}]}, ["`width` in two of"]),
        ({"zip": [{"width": [1, 2], "seed": [1]}]}, ["width with 2, seed with 1"]),
        ({"zip": [{}]}, ["lists of one length. Got no field"]),
        ({"zip": [{"width": [1]}, {"seed": [1], "depth": [1, 1]}]}, ["g.toml, [[zip]] 2 must"]),
        ({"grid": {"width": {"from": 1}}}, ["exactly one of factor, step and count"]),
        ({"grid": {"width": {"from": 1, "to": 2, "step": 1, "factor": 2}}}, ["exactly one of"]),
        ({"grid": {"width": {"from": 1, "to": 2, "faktor": 1}}}, ["`faktor` is unknown"]),
        ({"grid": {"width": {"from": 1, "factor": 2}}}, ["it has no end"]),
        ({"grid": {"width": {"to": 9, "factor": 2}}}, ["it has no beginning"]),
        ({"grid": {"width": {"from": 9, "to": 1, "step": 1}}}, ["ends before it begins"]),
        ({"grid": {"width": {"from": 0, "to": 1, "factor": 2}}}, ["factors never leave 0"]),
        ({"grid": {"width": {"from": 1, "to": 9, "factor": 1}}}, ["`factor`: input should be"]),
        ({"grid": {"width": {"from": 1, "to": 9, "step": 0.5}}}, ["takes whole numbers"]),
        ({"grid": {"width": {"from": 1, "to": 9, "count": 1}}}, ["cannot be both ends"]),
        ({"grid": {"noise": {"count": 3}}}, ["only whole numbers follow each other"]),
        ({"grid": {"seed": {"count": 10**9}}}, ["`count`: input should be"]),
        ({"grid": {"seed": {"from": 0, "to": 10**9, "step": 1}}}, ["more than 100000 numbers"]),
        ({"grid": {"activation": {"count": 3}}}, ["this field is no number"]),
        ({"grid": {"seed": {"count": 1000}, "width": {"from": 1, "to": 999, "step": 1}}},
         ["must have at most 100000 cells. Got 999000, as the product of 1000 x 999"]),
        ({"exclude": [{}]}, ["must have a condition"]),
        ({"exclude": [{"width": {"over": 3}}]}, ["`over` is no comparison"]),
        ({"exclude": [{"width": {}}]}, ["it compares with nothing"]),
        ({"exclude": [{"activation": {"above": 3}}]}, ["`activation` is no number"]),
        ({"exclude": [{"width": {"above": "sample"}}]}, ["Did you mean `samples`?"]),
        ({"sweep": {"worker": 2}}, ["g.toml, [sweep]", "Did you mean `workers`?"]),
        ({"sweep": {"memory_limit": "8 flop"}}, ["must be a size above 0"]),
        ({"sweep": {"dask": "here"}}, ["must be an address"]),
        ({"sweep": {"success": "luck"}}, ["must be `converged`, `proved` or `holds`"]),
        ({"sweep": {"probability": 1}}, ["must be a number between 0 and 1"]),
    ],
)  # fmt: skip
def test_refusals(tables, words):
    with pytest.raises(InvalidInputError) as caught:
        GridSpec.parse(tables, name="g.toml")
    for word in words:
        assert word in str(caught.value)


def test_a_cell_that_contradicts_itself_names_its_values():
    grid = {"gamma": ["unset", 0.1], "network": ["shallow", "implicit"], "seed": {"count": 2}}
    with pytest.raises(InvalidInputError) as caught:
        GridSpec.parse({"grid": grid}, name="g.toml").cells()
    text = str(caught.value)
    assert 'g.toml, cell gamma = 0.1, network = "shallow", seed = 0 (and 1 more)' in text
    assert "must go with network implicit" in text


def test_faults_of_many_kinds_are_not_all_told():
    batches = {"batch_size": {"from": 10, "to": 19, "step": 1}}
    with pytest.raises(InvalidInputError) as caught:
        GridSpec.parse({"grid": batches}, name="g.toml").cells()
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert lines[-1].endswith("7 other faults follow when these are gone.")


def test_a_grid_without_cells_is_refused():
    with pytest.raises(InvalidInputError, match=r"leaves out all 2"):
        GridSpec.parse({"grid": {"width": [8, 16]}, "exclude": [{"width": {"above": 1}}]}).cells()


def test_a_missing_data_file_is_named():
    with pytest.raises(
        InvalidInputError, match=r"g\.toml: `CertifySpec\(data=\.\.\.\)` must.*nope"
    ):
        GridSpec.parse({"base": {"data": "nope.csv"}}, name="g.toml").cells()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(StorageError, match=r"--init grid\.toml"):
        GridSpec.from_file(tmp_path / "absent.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("[grid\nwidth = 3", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"in TOML form. Got .*broken\.toml: .*line 1"):
        GridSpec.from_file(broken)
    broken.write_text("[grid]\nwidht = 3", encoding="utf-8")
    with pytest.raises(InvalidInputError, match=r"broken\.toml, \[grid\]"):
        GridSpec.from_file(broken)


@pytest.mark.parametrize(
    ("text", "size"),
    [("8GB", 8e9), ("8 GiB", 8 * 2**30), ("512M", 512e6), ("1.5 tb", 1.5e12), ("100", 100.0),
     ("7b", 7.0), (8e9, 8e9), (10, 10.0), ("2ki", 2048.0)],
)  # fmt: skip
def test_sizes(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-3GB", "8 XB", "0", "8 ib", True, "nan"])
def test_no_sizes(text):
    with pytest.raises(ValueError):
        parse_bytes(text)
