import pytest

from surefit.core.record import RunRecord
from surefit.errors import StorageError
from surefit.report import render, write_page


def test_the_page_is_written_beside_the_run(records, tmp_path):
    records.good().save(tmp_path)
    before = set(tmp_path.iterdir())
    path = write_page(tmp_path)
    assert path == tmp_path / "report.html"
    assert set(tmp_path.iterdir()) == before | {path}
    assert path.read_text(encoding="utf-8") == render(RunRecord.load(tmp_path))


def test_writing_again_replaces_the_page(records, tmp_path):
    records.good().save(tmp_path)
    (tmp_path / "report.html").write_text("old")
    assert "<!DOCTYPE html>" in write_page(tmp_path).read_text(encoding="utf-8")


def test_a_directory_without_a_run_is_refused(tmp_path):
    with pytest.raises(StorageError, match=r"result\.json must be a readable JSON file"):
        write_page(tmp_path)


def test_a_page_that_cannot_be_written_leaves_nothing_behind(records, tmp_path):
    records.good().save(tmp_path)
    (tmp_path / "report.html").mkdir()
    (tmp_path / "report.html" / "in the way").touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(StorageError, match=r"`write_page\(directory=\.\.\.\)` must be given a"):
        write_page(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before
