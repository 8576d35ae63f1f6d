"""Every Python block of the README and the documentation runs, page by page."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    # Tutorials are executed by the tests of generated pages.
    if "```python" in page.read_text(encoding="utf-8") and not page.with_suffix(".py").exists()
]
START = ROOT / "docs" / "index.md"
CERTIFY = re.compile(r"^surefit certify (?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def write_my_csv(folder):
    """What a newcomer has: features of different units, names of classes, no thought of theory."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=(60, 3)) * (1.0, 250.0, 0.02) + (5.0, -1000.0, 0.0)
    labels = np.where((x[:, 0] > 5) ^ (x[:, 2] > 0.01), "ill", "well")
    lines = [f"{a:.4f},{b:.1f},{c:.6f},{label}" for (a, b, c), label in zip(x, labels, strict=True)]
    text = "\n".join(["age,dose,drift,diagnosis", *lines])
    folder.joinpath("my.csv").write_text(text, encoding="utf-8")


def run(folder, code):
    """The code in a process of its own: a page may define classes, which join the catalogues."""
    folder.joinpath("page.py").write_text(code, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-W", "error", "page.py"],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_there_are_pages_with_code():
    assert {"README.md", "extending.md", "index.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    if page == START:  # its first block is a test of its own
        text = text.replace("```python", "```text", 1)
    done = run(tmp_path, "\n".join(BLOCK.findall(text)))
    assert done.returncode == 0, done.stderr[-3000:]


def test_the_first_block_of_the_first_page_proves_convergence_on_a_csv(tmp_path):
    block = BLOCK.search(START.read_text(encoding="utf-8"))[1]
    statements = [line for line in block.splitlines() if line.strip()]
    assert len(statements) < 10
    write_my_csv(tmp_path)
    done = run(tmp_path, block)
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.splitlines()[-1] == "proved"


@pytest.mark.parametrize(
    "command", [
        command
        for page in (ROOT / "README.md", START)
        for command in CERTIFY.findall(page.read_text(encoding="utf-8"))
        if "--help" not in command
    ]
)  # fmt: skip
def test_the_commands_of_the_first_pages_are_understood(command, tmp_path):
    write_my_csv(tmp_path)
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    done = subprocess.run(
        [sys.executable, "-c", "from surefit.cli import main; main()", *words[1:], "--show-spec"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
