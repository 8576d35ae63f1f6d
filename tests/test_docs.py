"""Every Python block of the README and the documentation runs, page by page."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = [
    page
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    if "```python" in page.read_text(encoding="utf-8")
]
BLOCK = re.compile(r"^```python[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_there_are_pages_with_code():
    assert {"README.md", "extending.md", "index.md"} <= {page.name for page in PAGES}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_code_of_a_page_runs(page, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(BLOCK.findall(page.read_text(encoding="utf-8"))), encoding="utf-8")
    # A process of its own: a page may define classes, which join the catalogues.
    done = subprocess.run(
        [sys.executable, "-W", "error", script.name],
        cwd=tmp_path,
        env={**os.environ, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.mark.parametrize(
    "command", re.findall(r"^surefit certify (?:[^\n]*\\\n)*[^\n]*", (ROOT / "README.md").read_text(
        encoding="utf-8"), re.MULTILINE)
)  # fmt: skip
def test_the_commands_of_the_readme_are_understood(command, tmp_path):
    words = shlex.split(command.replace("\\\n", " "), comments=True)
    done = subprocess.run(
        [sys.executable, "-c", "from surefit.cli import main; main()", *words[1:], "--show-spec"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
