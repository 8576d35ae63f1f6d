"""`--target`, the column of a table to predict."""

import tomllib

import numpy as np
import pytest

from surefit.core.jsonable import read_json
from surefit.runs import Store

SMALL = ("--width", 32, "--steps", 3, "--preprocess", "sphere", "--theorems", "lee_2019")


@pytest.fixture
def houses(tmp_path):
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{100 + round(10 * a)},{b:.3f}" for a, b in rng.normal(size=(24, 2))]
    text = "\n".join(["size (m2),house price,age", *rows])
    tmp_path.joinpath("houses.csv").write_text(text, encoding="utf-8")


@pytest.mark.usefixtures("houses")
def test_the_column_is_recorded_and_the_printed_command_names_the_run(surefit, tmp_path):
    words = ("certify", "--data", "houses.csv", "--target", "house price", *SMALL)
    assert surefit(*words)[0] in (0, 1)
    (directory,) = (path for path in (tmp_path / "runs").iterdir() if path.name[0] != ".")
    assert read_json(directory / "spec.json")["target"] == "house price"
    result = read_json(directory / "result.json")
    assert "target house price" in result["problem"]["preparation"]
    assert "--target 'house price'" in result["command"]
    assert "house price" in (directory / "report.html").read_text(encoding="utf-8")
    (row,) = Store(tmp_path / "runs").table()
    assert row["target"] == "house price"
    # The number of the column says the same in other words: another run, with equal results.
    assert surefit("certify", "--data", "houses.csv", "--target", 1, *SMALL)[0] in (0, 1)
    first, second = Store(tmp_path / "runs").table()
    assert first["final_loss"] == second["final_loss"]


@pytest.mark.usefixtures("houses")
def test_a_spec_file_carries_it(surefit):
    words = ("certify", "--data", "houses.csv", "--target", "house price", "--show-spec")
    code, out, _ = surefit(*words)
    assert code == 0
    assert tomllib.loads(out)["target"] == "house price"


@pytest.mark.usefixtures("houses")
def test_kernels_are_of_the_other_columns(surefit, tmp_path):
    words = ("kernel", "--data", "houses.csv", "--target", "age", "--preprocess", "sphere")
    code, out, err = surefit(*words, "--depth", 1, "--kernel", "nngp", "--json")
    assert code in (0, 1), err
    assert '"target age' in out or "target age" in out


def test_a_coding_of_regressions_says_that_whole_numbers_are_no_classes(tmp_path):
    from surefit.runs import CertifySpec
    from surefit.workflows.preparation import prepare_data

    rows = "\n".join(f"{n / 7:.3f},{n % 3},{n % 5}" for n in range(20))
    tmp_path.joinpath("grades.csv").write_text(f"a,b,grade\n{rows}\n", encoding="utf-8")
    spec = CertifySpec(data=str(tmp_path / "grades.csv"), preprocess=("sphere",))
    assert prepare_data(spec).y.shape == (20, 5)
    numbers = prepare_data(spec.model_copy(update={"labels": "raw"}))
    np.testing.assert_array_equal(numbers.y[:, 0], np.arange(20) % 5)


@pytest.mark.parametrize("command", ["certify", "kernel", "width"])
def test_help_teaches_it(surefit, command):
    code, out, _ = surefit(command, "--help")
    assert code == 0
    assert "--target" in out.split("Options")[0].split("─")[0]
