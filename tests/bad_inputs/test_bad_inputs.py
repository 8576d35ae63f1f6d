"""Bad inputs: the right error, a message that helps, and nothing half-written.

Each table is run in a process of its own, so that its calls meet the package as users do and not
under the type checks of the tests.
"""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def beside(name):
    spec = importlib.util.spec_from_file_location(f"bad_inputs_{name}", HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FORM = beside("form")
TABLES = {name: beside(f"{name}_rows").ROWS for name in ("library", "data", "command", "option")}


def run(kind, folder, flags):
    done = subprocess.run(
        [sys.executable, str(HERE / "rows.py"), kind, str(folder)],
        env={**os.environ, "XLA_FLAGS": flags, "JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    # What rows print by accident stands between the separators.
    return [json.loads(part.splitlines()[0]) for part in done.stdout.split("\x1e")[1:]]


def test_there_are_many_rows_and_each_is_one():
    rows = [row[0] for table in TABLES.values() for row in table]
    assert len(rows) == len(set(rows))
    assert len(rows) >= 150


@pytest.mark.parametrize("kind", ["library", "data"])
def test_bad_calls(kind, tmp_path, subtests, quick_compilation):
    found = run(kind, tmp_path, quick_compilation)
    assert [one["row"] for one in found] == [row[0] for row in TABLES[kind]]
    for (code, error, *words), one in zip(TABLES[kind], found, strict=True):
        with subtests.test(code):
            assert error.__name__ in one["kinds"][:3], one["trace"]
            assert "SurefitError" in one["kinds"], one["trace"]
            assert [word for word in words if word not in one["message"]] == [], one["message"]
            assert FORM.faults(one["message"]) == [], one["message"]
            assert one["left"] == []
    assert not (tmp_path / "unpickled").exists()


def test_options_have_rows():
    commands = {line.rpartition(" --")[0] for line, _ in TABLES["option"]}
    assert len(commands) >= 12 and len(TABLES["option"]) >= 100


@pytest.mark.parametrize("kind", ["command", "option"])
def test_bad_commands(kind, tmp_path, subtests, quick_compilation):
    found = run(kind, tmp_path, quick_compilation)
    assert [one["row"] for one in found] == [row[0] for row in TABLES[kind]]
    for (line, *words), one in zip(TABLES[kind], found, strict=True):
        said = one["out"] + one["err"]
        with subtests.test(line):
            assert one["code"] == 2, one["code"]
            assert "Traceback" not in said
            assert "Spec(" not in said or ".toml" in line, said
            assert [word for word in words if word not in said] == [], said
            assert one["left"] == []
            # Verdicts of the checker have a form of their own.
            if line.startswith("surefit ") and "invalid: " not in said:
                message = one["err"].split("Error: ", 1)[-1]
                assert FORM.faults(message) == [], message
                if kind == "option":
                    assert words[0] in message.split(" must ")[0], message


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("-m surefit certify --width 0", "must be a whole number of at least 1"),
        ("-m surefit_checker nowhere", "must be there"),
    ],
)
def test_as_processes(line, words, tmp_path):
    done = subprocess.run(
        [sys.executable, *line.split()], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert words in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "message",
    [
        "`f(x=...)` is bad. Got 1. Write 2.",
        "`f(x=...)` must be 2. Write 2.",
        "`f(x=...)` must be 2. Got 1. It is the number of things.",
        "`f(x=...)` must be 2. Got 1. Traceback (most recent call last). Write 2.",
    ],
)
def test_the_form_can_be_missed(message):
    assert len(FORM.faults(message)) == 1
