"""`surefit report` for stores."""

import pytest
from typer.testing import CliRunner

from surefit.errors import InvalidInputError


@pytest.fixture
def command():
    from surefit.cli.app import app

    def run(*arguments):
        return CliRunner().invoke(app, ["report", *map(str, arguments)])

    return run


@pytest.fixture(scope="module")
def pair(stores, tmp_path_factory):
    return stores.grid(tmp_path_factory.mktemp("pair") / "runs", (8, 64), (8,), 1)


def test_a_store_gets_a_site(command, pair, tmp_path):
    done = command(pair, "--out", tmp_path / "here")
    assert done.exit_code == 0, done.output
    assert "here/index.html" in done.output.replace("\n", "")
    assert (tmp_path / "here" / "index.html").is_file()
    assert not (pair / "site").exists()


def test_a_store_gets_figures(command, pair, tmp_path):
    done = command(pair, "--figures", tmp_path / "f", "--format", "svg")
    assert done.exit_code == 0, done.output
    assert "captions.txt has the captions" in " ".join(done.output.split())
    assert {path.suffix for path in (tmp_path / "f").iterdir()} == {".svg", ".txt"}


def test_a_run_gets_its_page(command, pair):
    run = min(path for path in pair.iterdir() if path.is_dir())
    done = command(run)
    assert done.exit_code == 0, done.output
    assert (run / "report.html").is_file()


@pytest.mark.parametrize("option", ["--out", "--figures"])
def test_a_run_has_no_site(command, pair, tmp_path, option):
    run = min(path for path in pair.iterdir() if path.is_dir())
    error = command(run, option, tmp_path / "x").exception
    assert isinstance(error, InvalidInputError)
    assert "which is a single run" in str(error)


def test_a_directory_that_does_not_exist_is_refused(command, tmp_path):
    error = command(tmp_path / "nowhere").exception
    assert isinstance(error, InvalidInputError)
    assert "which is no directory" in str(error)


def test_formats_go_with_figures(command, pair):
    error = command(pair, "--format", "pdf").exception
    assert isinstance(error, InvalidInputError)
    assert "must go with `--figures DIR`" in str(error)
