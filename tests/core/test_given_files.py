"""Files that somebody else wrote: nothing in them leads out of a run's directory."""

import json
import os

import pytest

from surefit.core.certificate import Certificate
from surefit.core.experiment import ExperimentRecord
from surefit.core.given_files import plain_name, whole
from surefit.core.kernel_record import KernelRecord
from surefit.core.record import RunRecord
from surefit.core.tidy import tidy_rows
from surefit.errors import InvalidInputError, StorageError
from surefit.runs import CertifySpec, Store
from surefit.runs.kernel_spec import KernelSpec

SPEC = CertifySpec(classes=(0, 1), samples=300)


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "C:x", ".x", "a\nb", 3, None]
)
def test_a_name_is_no_path(name, tmp_path):
    with pytest.raises(StorageError, match="must hold names without directories"):
        plain_name(name, tmp_path)


def test_names_of_runs_pass(tmp_path):
    for name in (SPEC.run_id, KernelSpec().run_id, "größe-1", "kantorovich_majorant"):
        assert plain_name(name, tmp_path) == name


def test_errors_on_purpose_pass(tmp_path):
    with pytest.raises(InvalidInputError, match="as it was"), whole(tmp_path):
        raise InvalidInputError("as it was")
    with (
        pytest.raises(StorageError, match="must hold a whole run"),
        whole(tmp_path),
    ):
        {}["a"]


@pytest.mark.parametrize("content", ["3", "[]", "{}", '{"schema": 2}', '"x"', "null", "[" * 10_000])
@pytest.mark.parametrize("record", [RunRecord, KernelRecord, ExperimentRecord, Certificate])
def test_documents_of_another_kind(record, content, tmp_path):
    for name in ("result", "spec", "environment", "trajectory", "issued"):
        (tmp_path / f"{name}.json").write_text(content)
    with pytest.raises(StorageError):
        record.load(tmp_path)


@pytest.mark.parametrize("network", ["../../x", "/x", "a\\b", "."])
def test_specs_name_no_other_place(network, tmp_path):
    made = CertifySpec(network=network, activation=network, data=f"openml:{network}")
    for spec in (made, KernelSpec(activation=network)):
        assert plain_name(spec.run_id, tmp_path) == spec.run_id


def test_a_row_of_the_table_is_named_after_no_path(tmp_path):
    run = tmp_path / "store" / SPEC.run_id
    run.mkdir(parents=True)
    (run / "spec.json").write_text(SPEC.canonical_json())
    (run / "result.json").write_text(json.dumps({"schema": 2, "run_id": "../../x"}))
    assert [row["run_id"] for row in tidy_rows(tmp_path / "store")] == [SPEC.run_id]


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need permission there")
@pytest.mark.parametrize("place", ["", "result.json", "certificate/arrays.npz", ".scratch"])
def test_a_workspace_does_not_lead_elsewhere(place, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    store = Store(tmp_path / "store")
    work = store.root / ".incomplete" / SPEC.run_id
    link = work.with_name(f"{work.name}.scratch") if place == ".scratch" else work / place
    link.parent.mkdir(parents=True)
    link.symlink_to(outside, target_is_directory=True)
    with pytest.raises(StorageError, match="no symbolic links"), store.begin(SPEC):
        raise AssertionError("it began")
    assert list(outside.iterdir()) == []


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need permission there")
def test_a_report_replaces_a_link_and_not_what_it_leads_to(tmp_path):
    from surefit.report.shell import write_document

    kept = tmp_path / "kept"
    kept.write_text("mine")
    page = tmp_path / "run" / "report.html"
    page.parent.mkdir()
    page.symlink_to(kept)
    write_document(page, "<html>", "write_page")
    assert kept.read_text() == "mine"
    assert page.read_text() == "<html>"
    assert not page.is_symlink()
