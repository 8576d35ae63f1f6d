"""Grids: products, ranges, lists that move together, exclusions, merged cells."""

import json
import math
import re
import tomllib
from pathlib import Path

import pytest

from surefit.runs import CertifySpec
from surefit.runs.grid import GridSpec, grid_example


def cells(**tables):
    return GridSpec.parse(tables).cells()


def column(name, **tables):
    return [getattr(cell, name) for cell in cells(**tables)]


def test_the_example_is_a_grid_as_it_is(tmp_path):
    file = tmp_path / "grid.toml"
    file.write_text(grid_example(), encoding="utf-8")
    grid = GridSpec.from_file(file)
    assert len(grid.cells()) == 6 * 3 * 5
    assert grid.describe() == "90 cells: 3 samples x 6 width x 5 seed"
    assert grid.varied == ("samples", "width", "seed")
    assert {cell.data for cell in grid.cells()} == {"digits"}
    assert grid.options.success == "converged"
    assert not grid.notes()


def test_the_commented_lines_of_the_example_are_right():
    lines = grid_example().splitlines()
    starts = ("# [[", "# activation", "# weight_std", "# width", "# samples", "# workers", "# mem")
    text = "\n".join(line[2:] if line.startswith(starts) else line for line in lines)
    grid = GridSpec.parse(tomllib.loads(text.replace('activation = "tanh"\nsteps', "steps")))
    assert len(grid.cells()) == 2 * (6 * 3 - 2) * 5
    assert (grid.options.workers, grid.options.memory_limit) == (2, 8e9)


def test_the_grids_of_documentation_and_benchmarks_are_right():
    root = Path(__file__).parents[2]
    page = (root / "docs" / "sweeps.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```toml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert len(GridSpec.parse(tomllib.loads(block)).cells()) == 2 * (6 * 3 - 1) * 5
    for written, values in re.findall(r"^\| `(\{.*?\})` \| (.*?) \|$", page, re.MULTILINE):
        numbers = json.loads(f"[{values}]")
        field = "noise" if "." in values else "seed"
        assert column(field, grid={field: tomllib.loads(f"x = {written}")["x"]}) == numbers
    files = sorted((root / "benchmarks" / "grids").glob("*.toml"))
    assert [len(GridSpec.from_file(file).cells()) for file in files] == [150]


def test_a_product_is_every_value_with_every_other():
    found = cells(base={"data": "digits"}, grid={"width": [8, 16], "seed": [3, 1]})
    assert [(cell.width, cell.seed) for cell in found] == [(8, 3), (8, 1), (16, 3), (16, 1)]
    assert found[0] == CertifySpec(width=8, seed=3)


def test_cells_of_equal_shapes_follow_each_other():
    found = cells(grid={"seed": [0, 1], "step_size": [0.1, 0.2], "width": [4, 8], "samples": [5]})
    assert [cell.width for cell in found] == [4] * 4 + [8] * 4
    assert [cell.seed for cell in found] == [0, 1] * 4


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("width", {"from": 16, "to": 512, "factor": 2}, [16, 32, 64, 128, 256, 512]),
        ("width", {"from": 16, "to": 511, "factor": 2}, [16, 32, 64, 128, 256]),
        ("width", {"from": 10, "to": 30, "factor": 1.5}, [10, 15, 22]),
        ("samples", {"from": 20, "to": 100, "step": 40}, [20, 60, 100]),
        ("width", {"from": 10, "to": 1000, "count": 3, "scale": "log"}, [10, 100, 1000]),
        ("width", {"from": 1, "to": 4, "count": 4}, [1, 2, 3, 4]),
        ("noise", {"from": 0.1, "to": 0.5, "step": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5]),
        ("step_size", {"from": 0.001, "to": 1, "count": 4, "scale": "log"}, [1e-3, 0.01, 0.1, 1.0]),
        ("noise", {"from": 0, "to": 1, "count": 3, "scale": "linear"}, [0.0, 0.5, 1.0]),
        ("seed", {"count": 3}, [0, 1, 2]),
        ("seed", {"from": 7, "count": 2}, [7, 8]),
        ("width", 8, [8]),
        ("step_size", ["auto", 0.1], ["auto", 0.1]),
        ("target_loss", ["unset", 1e-6], [None, 1e-6]),
        ("classes", [[0, 1], [3, 8, 9]], [(0, 1), (3, 8, 9)]),
        ("theorems", [[], ["b", "a"]], [(), ("a", "b")]),
    ],
)
def test_values_of_a_field(name, written, expected):
    assert column(name, grid={name: written}) == expected


def test_a_range_of_whole_numbers_has_both_ends_for_any_factor():
    for count in range(3, 200, 7):
        found = column("width", grid={"width": {"from": 1, "to": 3**6, "count": count}})
        assert found[0] == 1 and found[-1] == 3**6
    powers = column("width", grid={"width": {"from": 1, "to": 3**9, "factor": 3}})
    assert powers == [3**k for k in range(10)]


def test_lists_that_move_together():
    found = cells(
        zip=[
            {"activation": ["tanh", "gelu"], "weight_std": [4.0, 2.0]},
            {"width": {"from": 8, "to": 16, "factor": 2}, "depth": [1, 1]},
        ],
        grid={"seed": {"count": 2}},
    )
    seen = [(cell.activation, cell.weight_std, cell.width) for cell in found[::2]]
    expected = [("tanh", 4.0, 8), ("tanh", 4.0, 16), ("gelu", 2.0, 8), ("gelu", 2.0, 16)]
    assert seen == expected and len(found) == 8


@pytest.mark.parametrize(
    ("condition", "left"),
    [
        ({"width": 16}, [8, 32, 64]),
        ({"width": [16, 64.0]}, [8, 32]),
        ({"width": {"above": 16}}, [8, 16]),
        ({"width": {"at_least": 16}}, [8]),
        ({"width": {"below": 16}}, [16, 32, 64]),
        ({"width": {"at_most": 16, "above": 8}}, [8, 32, 64]),
        ({"width": {"not": [8, 16]}}, [8, 16]),
        ({"width": {"below": "samples"}}, [32, 64]),
        ({"width": {"above": 8}, "activation": "gelu"}, [8, 16, 32, 64]),
        ({"width": {"above": 8}, "activation": {"not": "gelu"}}, [8]),
        ({"width": {"above": "target_loss"}}, [8, 16, 32, 64]),
        ({"step_size": {"above": 0}}, [8, 16, 32, 64]),
        ({"preprocess": ["centre", "unit_norm"], "width": 8}, [16, 32, 64]),
    ],
)
def test_exclusions(condition, left):
    grid = {"width": [8, 16, 32, 64]}
    found = column("width", base={"samples": 20}, grid=grid, exclude=[condition])
    assert found == left


def test_what_networks_have_by_default_counts_in_conditions():
    found = cells(grid={"network": ["shallow", "implicit"]}, exclude=[{"gamma": {"above": 0.05}}])
    assert [cell.network for cell in found] == ["shallow"]


def test_an_exclusion_may_remove_what_would_contradict_itself():
    grid = {"network": ["shallow", "implicit"], "gamma": ["unset", 0.2]}
    rule = {"network": "shallow", "gamma": {"above": 0}}
    assert [(c.network, c.gamma) for c in cells(grid=grid, exclude=[rule])] == [
        ("shallow", None), ("implicit", 0.1), ("implicit", 0.2)
    ]  # fmt: skip


def test_equal_cells_run_once_and_it_is_said():
    grid = GridSpec.parse({"grid": {"width": [8, 8.0, 16], "seed": [0, 1]}})
    assert len(grid.cells()) == 4
    assert grid.notes() == ("2 cells written twice and run once, for example width = 8, seed = 0.",)


def test_what_exclusions_do_is_said():
    grid = GridSpec.parse({"grid": {"width": [8, 16]}, "exclude": [{"width": 8}, {"width": 7}]})
    assert grid.notes() == (
        "1 cell left out by [[exclude]].", "Table 2 of [[exclude]] leaves out no cell."
    )  # fmt: skip


def test_a_data_file_is_read_once(tmp_path, monkeypatch):
    from surefit.runs.grid import cells as module

    file = tmp_path / "points.csv"
    file.write_text("a,b,y\n1,2,0\n3,4,1\n", encoding="utf-8")
    seen = []
    real = module.fingerprint
    monkeypatch.setattr(module, "fingerprint", lambda path: seen.append(path) or real(path))
    found = cells(base={"data": str(file)}, grid={"seed": {"count": 20}})
    assert seen == [file]
    assert found[3].run_id == CertifySpec(data=str(file), seed=3).run_id


def test_many_cells_are_made_quickly_enough_to_be_many():
    found = cells(grid={"seed": {"count": 1000}, "width": [4, 8]})
    assert len({cell.run_id for cell in found}) == 2000
    assert math.isclose(sum(cell.seed for cell in found), 999 * 1000)
