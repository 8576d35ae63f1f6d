"""What is released: one version, quiet imports, and archives that hold what they should."""

import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import surefit

ROOT = Path(__file__).parents[2]


def project(path):
    return tomllib.loads((ROOT / path).read_text(encoding="utf-8"))["project"]


def test_one_version():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert project("pyproject.toml")["version"] == surefit.__version__
    assert project("checker/pyproject.toml")["version"] == surefit.__version__
    assert re.search(r"^version: (.*)$", citation, flags=re.MULTILINE)[1] == surefit.__version__


def test_the_checker_asks_for_what_the_package_asks_for():
    whole = set(project("pyproject.toml")["dependencies"])
    assert set(project("checker/pyproject.toml")["dependencies"]) <= whole


def test_the_changelog_speaks_of_what_comes_next():
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^## \[(.*?)\]", text, flags=re.MULTILINE)[0] == "Unreleased"
    kinds = re.findall(r"^### (.*)$", text, flags=re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_no_warnings_on_import():
    packages = sorted(path.parent.name for path in (ROOT / "src/surefit").glob("*/__init__.py"))
    optional = {"torch"}
    lines = [f"import surefit.{name}" for name in packages if name not in optional]
    code = "\n".join([*lines, "import surefit, surefit_checker"])
    code += "\n[getattr(surefit, name) for name in dir(surefit)]"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def build(folder, to, *targets):
    arguments = [item for target in targets for item in ("-t", target)]
    command = [sys.executable, "-m", "hatchling", "build", *arguments, "-d", str(to)]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


@pytest.mark.slow
def test_archives_build_each_other_and_hold_everything(tmp_path):
    for folder in (ROOT, ROOT / "checker"):
        build(folder, tmp_path / "dist", "sdist", "wheel")
    for archive in (tmp_path / "dist").glob("*.tar.gz"):
        with tarfile.open(archive) as file:
            file.extractall(tmp_path / "source", filter="data")
        name = archive.name.removesuffix(".tar.gz")
        build(tmp_path / "source" / name, tmp_path / "again", "wheel")
    wheels = sorted((tmp_path / "dist").glob("*.whl"))
    assert len(wheels) == 2
    for wheel in wheels:
        assert wheel.read_bytes() == (tmp_path / "again" / wheel.name).read_bytes()
    names = zipfile.ZipFile(tmp_path / "dist" / f"surefit-{surefit.__version__}-py3-none-any.whl")
    held = set(names.namelist())
    assert {"surefit/py.typed", "surefit_checker/py.typed", "surefit/__main__.py"} <= held
    sources = {p.relative_to(ROOT / "src").as_posix() for p in (ROOT / "src").rglob("*.py")}
    assert sources <= held
    assert not any("__pycache__" in name for name in held)
