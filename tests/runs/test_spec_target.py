"""The column to predict, as a field of every spec with data."""

import pytest

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.runs.grid import GridSpec
from surefit.runs.kernel_spec import KernelSpec
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.runs.width_spec import WidthSpec

SPECS = [
    (CertifySpec, {}),
    (KernelSpec, {}),
    (WidthSpec, {}),
    (WidthFinderSpec, {"target_loss": 1e-3}),
]


@pytest.mark.parametrize(("spec", "needed"), SPECS)
def test_it_makes_another_run_and_is_recorded(spec, needed):
    plain, chosen = spec.parse(needed), spec.parse({**needed, "target": "house price"})
    # Runs of versions without the field keep their names.
    assert "target" not in plain.canonical()
    assert chosen.canonical()["target"] == "house price"
    assert plain.run_id != chosen.run_id
    assert spec.parse({**needed, "target": " house price"}).run_id == chosen.run_id


def test_names_of_runs_without_it_stay():
    assert CertifySpec().run_id == "digits-shallow-tanh-512-s0-a0b33d874a"
    assert KernelSpec().run_id == "kernel-digits-fc-relu-d3-s0-3557e6df11"
    assert WidthSpec().run_id == "certified_width-tanh-s0-31728f42da"


def test_numbers_and_their_text_are_one_column():
    assert CertifySpec(target=3) == CertifySpec(target="3")
    assert CertifySpec(target=-1).target == "-1"


@pytest.mark.parametrize("value", ["", "a\nb", True, 1.5, ["a"]])
def test_what_is_no_column_is_refused(value):
    with pytest.raises(InvalidInputError, match="name or the number of a column"):
        CertifySpec(target=value)


def test_it_is_written_in_toml_and_in_the_command(tmp_path):
    spec = CertifySpec(target='the "price"')
    file = tmp_path / "spec.toml"
    file.write_text(spec.to_toml(), encoding="utf-8")
    assert CertifySpec.from_file(file) == spec
    assert CertifySpec.from_canonical(spec.canonical()) == spec
    assert spec.command() == "surefit certify --target 'the \"price\"'"


def test_grids_vary_it():
    grid = GridSpec.parse({"base": {"data": "digits"}, "grid": {"target": ["a", 2]}})
    assert [cell.target for cell in grid.cells()] == ["a", "2"]
