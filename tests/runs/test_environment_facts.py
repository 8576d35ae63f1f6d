import datetime
import json
import os
import platform
import subprocess
import sys

import jax
import numpy as np
import pytest

from surefit.runs import environment_facts
from surefit.runs.environment import _git_facts, _version

UNKNOWN = {"git_revision": None, "git_modified": None}


def git(directory, *arguments):
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments]
    done = subprocess.run(command, cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    package = tmp_path / "src"
    package.mkdir()
    (package / "module.py").write_text("x = 1\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", "src")
    git(tmp_path, "commit", "-q", "-m", "first")
    return package


def test_facts():
    facts = environment_facts()
    assert facts["jax"] == jax.__version__
    assert facts["numpy"] == np.__version__
    assert facts["python"] == ".".join(map(str, sys.version_info[:3]))
    assert facts["x64"] is True
    assert facts["cpu_count"] == os.cpu_count()
    assert sum(facts["devices"].values()) == len(jax.devices())
    date = datetime.datetime.fromisoformat(facts["date"])
    assert date.utcoffset() == datetime.timedelta(0)
    age = datetime.datetime.now(datetime.UTC) - date
    assert datetime.timedelta(-1) < age < datetime.timedelta(1)
    json.dumps(facts, allow_nan=False)


def test_facts_can_be_published():
    text = json.dumps(environment_facts())
    home, node = os.path.expanduser("~"), platform.node()
    assert "/" not in text
    assert "\\" not in text
    assert home not in text
    assert len(node) < 4 or node not in text


def test_float32_mode_is_reported():
    code = "from surefit.runs import environment_facts; print(environment_facts()['x64'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "JAX_ENABLE_X64": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"


def test_no_usable_device(monkeypatch):
    def fail():
        raise RuntimeError("no backend")

    monkeypatch.setattr(jax, "devices", fail)
    assert environment_facts()["devices"] is None


def test_the_revision_of_a_checkout(checkout):
    revision = git(checkout, "rev-parse", "HEAD")
    assert _git_facts(checkout) == {"git_revision": revision, "git_modified": False}
    (checkout / "notes.txt").write_text("an untracked file is no change")
    assert _git_facts(checkout) == {"git_revision": revision, "git_modified": False}
    (checkout / "module.py").write_text("x = 2\n")
    assert _git_facts(checkout) == {"git_revision": revision, "git_modified": True}


def test_a_package_inside_a_foreign_repository_is_no_checkout(checkout):
    site = checkout.parent / ".venv" / "surefit"
    site.mkdir(parents=True)
    (site / "module.py").write_text("x = 1\n")
    assert _git_facts(site) == UNKNOWN


def test_no_repository(tmp_path):
    assert _git_facts(tmp_path) == UNKNOWN


def test_no_git(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert _git_facts(checkout) == UNKNOWN


def test_variables_of_another_repository_do_not_lead_astray(checkout, tmp_path, monkeypatch):
    expected = _git_facts(checkout)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert _git_facts(checkout) == expected != UNKNOWN


def test_looking_leaves_the_index_of_the_checkout_alone(checkout):
    index = checkout.parent / ".git" / "index"
    before = index.read_bytes()
    os.utime(checkout / "module.py", (1, 1))
    _git_facts(checkout)
    assert index.read_bytes() == before


def test_a_package_that_is_not_installed():
    assert _version("no-such-package-anywhere") is None
