"""The `surefit` command: its subcommands, and what happens to errors."""

from __future__ import annotations

import sys
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from surefit.cli import (
    certify,
    cite,
    experiment,
    kernel,
    listing,
    report,
    run_store,
    sweep,
    verify,
    width,
)
from surefit.cli.console import ERRORS
from surefit.cli.exits import BAD_INPUT, INTERRUPTED
from surefit.cli.usage import is_usage, usage_in_words
from surefit.errors import SurefitError

__all__ = ["main"]

# What typer makes of a KeyboardInterrupt.
TYPER_INTERRUPTED = 130

# In the order in which they are met.
_ORDER = (
    "certify", "verify", "report", "runs", "width", "sweep", "kernel", "experiment", "cite", "list",
)  # fmt: skip


class _Ordered(TyperGroup):
    """Lists commands and groups of commands in one order; Typer would put the groups last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """All of them, as `_ORDER` says."""
        return sorted(super().list_commands(ctx), key=_ORDER.index)


app = typer.Typer(
    name="surefit",
    cls=_Ordered,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=(
        "Will gradient descent fit this network on your data, how fast, how wide must the network "
        "be, and can you prove it?\n\n"
        "Begin with `surefit certify`, which trains a wide network on handwritten digits while the "
        "theory is checked against it. `surefit list` shows everything that can be chosen by name."
        "\n\nExit codes: 0 done; 1 the answer is no; 2 bad input; 3 interrupted, run the same "
        "command again to go on."
    ),
)


def _version(show: bool) -> bool:
    if show:
        from surefit import __version__

        typer.echo(f"surefit {__version__}")
        raise typer.Exit
    return show


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    pass


certify.register(app)
cite.register(app)
experiment.register(app)
kernel.register(app)
report.register(app)
run_store.register(app)
sweep.register(app)
verify.register(app)
width.register(app)
listing.register(app)


def main() -> None:
    """Run the command line; errors on purpose are one message on stderr and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except SurefitError as error:
        _refuse(_in_options(error))
    except Exception as error:
        if not is_usage(error):
            raise
        if type(error).__name__ == "NoArgsIsHelpError":  # the message is the help
            error.show()  # type: ignore[attr-defined]
            sys.exit(BAD_INPUT)
        _refuse(usage_in_words(error, _called()[0]))
    if code == TYPER_INTERRUPTED:  # outside of what commands guard: while modules are loaded, say
        ERRORS.print("Interrupted. Run the same command again.")
        code = INTERRUPTED
    sys.exit(code if isinstance(code, int) else 0)


def _called() -> tuple[str, Any, list[str]]:
    """The command that was typed: its words, what it is, and the words behind them."""
    found: Any = typer.main.get_command(app)
    words, command = sys.argv[1:], "surefit"
    while words and words[0] in getattr(found, "commands", {}):
        found, command, words = found.commands[words[0]], f"{command} {words[0]}", words[1:]
    return command, found, words


def _in_options(error: SurefitError) -> str:
    from surefit.cli.typed import in_options

    command, found, words = _called()
    options = {name for param in found.params for name in param.opts if name.startswith("--")}
    return in_options(str(error), command, options, words, error)


def _refuse(message: str) -> NoReturn:
    ERRORS.print(f"[bold red]Error:[/] {_escape(message)}", soft_wrap=True)
    sys.exit(BAD_INPUT)


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)
