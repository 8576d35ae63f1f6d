"""Every bad input once, as a user would meet it: without the checks that the tests install.

`python rows.py library|data` evaluates the calls of a table, `python rows.py command|option` types
its commands; one line of JSON per row says what happened.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import sys
import traceback
from pathlib import Path

SEPARATOR = "\x1e"


def snapshot() -> list[str]:
    """What is in the current directory; of files also when they were written."""
    times = {p: "" if p.is_dir() else p.stat().st_mtime_ns for p in Path().rglob("*")}
    return sorted(f"{path} {time}" for path, time in times.items())


def call(code: str, names: dict) -> dict[str, object]:
    """What a call raises."""
    try:
        eval(code, names)
    except Exception as error:
        kinds = [kind.__name__ for kind in type(error).__mro__]
        return {"kinds": kinds, "message": str(error), "trace": traceback.format_exc()}
    return {"kinds": [], "message": "", "trace": "nothing was raised"}


def command(line: str) -> dict[str, object]:
    """What a command prints, and its exit code."""
    from surefit.cli import main
    from surefit_checker.__main__ import main as checker

    program, *arguments = shlex.split(line)
    sys.argv = [program, *arguments]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main() if program == "surefit" else checker(arguments)
        except SystemExit as stop:
            code = stop.code
        except BaseException:
            code = traceback.format_exc()
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def main(kind: str, folder: str) -> None:
    """Run one table in an empty folder."""
    os.chdir(folder)
    os.environ["COLUMNS"] = "200"
    import namespace

    typed = kind in ("command", "option")
    if typed:
        if kind == "command":
            from command_rows import ROWS
        else:
            from option_rows import ROWS
        namespace.write_files(Path())
    else:
        names = namespace.library() if kind == "library" else namespace.files()
        if kind == "library":
            from library_rows import ROWS
        else:
            from data_rows import ROWS
    for row in ROWS:
        before = snapshot()
        found = command(row[0]) if typed else call(row[0], names)
        left = [path for path in snapshot() if path not in before]
        sys.stdout.write(SEPARATOR + json.dumps({**found, "row": row[0], "left": left}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
