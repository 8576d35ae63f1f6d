"""Every option with a value that it does not take, found by walking through the commands."""

import typing
from collections.abc import Iterator

import typer

from surefit.cli.app import app

# Arguments without which a command refuses for another reason.
NEEDED = {
    "surefit width": "--target-loss 1e-3",
    "surefit sweep": "grid.toml",
    "surefit report": "nowhere",
    "surefit verify": "nowhere",
    "surefit runs show": "3f9a",
    "surefit runs export": "runs.csv",
}
# What they take is looked up or opened behind the parser, after work that rows need not repeat:
# names have rows of their own.
LATER = {
    "--data", "--preprocess", "--labels", "--network", "--activation", "--teacher-activation",
    "--init", "--loss", "--method", "--theorems", "--monitors", "--out", "--data-dir", "--spec",
    "--plugin", "--where", "--sort", "--columns", "--tracking-uri", "--experiment", "--format",
    "--dask", "--memory-limit", "--figures", "--artifacts",
}  # fmt: skip


def leaves(command, path: str) -> Iterator[tuple[str, object]]:
    if hasattr(command, "commands"):
        for name, sub in command.commands.items():
            yield from leaves(sub, f"{path} {name}")
    else:
        yield path, command


def rows() -> Iterator[tuple[str, str]]:
    for path, command in leaves(typer.main.get_command(app), "surefit"):
        hints = typing.get_type_hints(command.callback)
        for param in command.params:
            flag = max(param.opts, key=len)
            takes = param.param_type_name == "option" and not getattr(param, "is_flag", False)
            if not takes or flag in LATER:
                continue
            hint = hints[param.name]
            numbers = {int: "-1", float: "nan"}
            found = [numbers[one] for one in (hint, *typing.get_args(hint)) if one in numbers]
            value = found[0] if found else "nonsense"
            needed = NEEDED.get(path, "")
            needed = "" if flag in needed.split() else needed
            yield " ".join([path, needed, flag, value]).replace("  ", " "), flag


ROWS = list(rows())
