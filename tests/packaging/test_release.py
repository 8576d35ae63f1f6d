"""What is released: one version, quiet imports, and archives that hold what they should."""

import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

import surefit
from surefit.tangent.native.library import FILE, SOURCES

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
    (whole,) = (tmp_path / "dist").glob(f"surefit-{surefit.__version__}-py3-none-*.whl")
    held = set(zipfile.ZipFile(whole).namelist())
    assert {"surefit/py.typed", "surefit_checker/py.typed", "surefit/__main__.py"} <= held
    sources = {p.relative_to(ROOT / "src").as_posix() for p in (ROOT / "src").rglob("*.py")}
    assert sources <= held
    assert not any("__pycache__" in name for name in held)
    native = Path("surefit/tangent/native")
    assert {(native / name).as_posix() for name in SOURCES} <= held
    # Compiled where that is possible, and then for this platform only.
    compiled = (native / FILE).as_posix() in held
    assert compiled != whole.name.endswith("-any.whl")
    assert compiled or not any(map(shutil.which, ("cc", "gcc", "clang")))


@pytest.mark.slow
def test_without_a_compiler_the_wheel_is_pure(tmp_path, monkeypatch):
    monkeypatch.setenv("CC", "/nonexistent")
    build(ROOT, tmp_path, "wheel")
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"surefit-{surefit.__version__}-py3-none-any.whl"
    held = {Path(name).name for name in zipfile.ZipFile(wheel).namelist()}
    assert FILE not in held and set(SOURCES) <= held
