"""The help leaves room for its words, and names everything that can be typed."""

import re
import subprocess
import sys

import pytest


def helped(*words, columns):
    code = "import sys; from surefit.cli import main; sys.argv[0] = 'surefit'; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, *words, "--help"],
        env={"COLUMNS": str(columns), "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_descriptions_have_half_of_the_width(columns):
    text = helped("certify", columns=columns)
    assert max(map(len, text.splitlines())) <= columns
    # An option, its kind, and where its description begins.
    begins = [
        len(m[0]) for m in re.finditer(r"^│ --\S+ +(?:[A-Z]+(?: \.\.\.)?)? +(?=\S)", text, re.M)
    ]
    assert len(begins) > 30
    assert max(begins) <= 40


def test_switches_have_no_kind_and_name_their_contrary():
    text = re.sub(r"[│\s]+", " ", helped("certify", columns=120))
    assert "<bool>" not in text and "(True)" not in text
    assert "--no-antisymmetric" in text and "--no-skip" in text
    assert re.search(r"Default: digits\.", text)
