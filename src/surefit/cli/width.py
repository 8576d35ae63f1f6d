"""`surefit width`: how wide the network must be, certified or measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from surefit.cli.fields import with_fields
from surefit.cli.spread import SpreadCommand
from surefit.errors import InvalidInputError
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.runs.width_spec import Deviations, WidthSpec

__all__ = ["register"]

HELP = """
How wide must the network be for gradient descent to fit your data?

With `--target-loss`: the smallest width at which descent reaches that loss within the steps, with
the given probability over draws of the initial weights. Networks are trained: widths are doubled
until descent succeeds, then the bracket is bisected, and draws are added where the answer is
undecided. With several `--samples`, also the power of their number with which the width grows.
Beside it stands what published theorems ask for on the same data. It is kept as a run in the store
`--out`, with a report; an interrupted search goes on when the same command is run again.

With `--certified`: the smallest width at which a certificate holds at the initial weights (Theorem
3 of the documentation), before anything is trained, for several sizes of the hidden weights and
several draws. The network has one hidden layer, all weights trained, output weights of variance
1/m, and starts at zero output. The certificate says that descent from the initial weights converges
to zero training loss, with its rate. `--out DIR` writes the one of the smallest width for `surefit
verify` and has it checked. At such widths the network is in the kernel regime. An interrupted
search goes on when the same command is run again, in the same directory.

Exit codes: 0 a width is found (and, with `--certified --out`, proved by the checker); 1 none is, or
the trials give its interval no upper end.

Examples:

- `surefit width --target-loss 1e-4 --classes 0 1 --samples 50`

- `surefit width --target-loss 1e-3 --classes 0 1 --samples 50 100 200 --activation relu`

- `surefit width --target-loss 1e-2 --network multilayer --depth 3 --probability 0.5 --seeds 40`

- `surefit width --certified --classes 0 1 --samples 50`

- `surefit width --certified --classes 0 1 --weight-stds 8 --seeds 1 --out certificate`

- `surefit width --certified --data my.csv --target price --preprocess sphere --activation gelu`
"""


class _Options(WidthFinderSpec):
    """The fields of both searches: the options of the command."""

    weight_stds: Deviations = WidthSpec.model_fields["weight_stds"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    short = "Find how wide the network must be to fit your data."
    command = with_fields(width, _Options)
    app.command("width", cls=SpreadCommand, help=HELP, short_help=short)(command)


def width(
    *,
    certified: Annotated[
        bool, typer.Option("--certified", help="Widths with a certificate at the initial weights.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="The run store, a directory (`runs` if it is left out). With `--certified`: where "
            "to write the certificate, and have it checked.",
        ),
    ] = None,
    plugin: Annotated[
        list[Path] | None,
        typer.Option("--plugin", metavar="FILE ...", help="Python files with your data sources."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the result only.")] = False,
    **fields: Any,
) -> None:
    """Parse, search, print, and turn the outcome into an exit code."""
    given = {key: value for key, value in fields.items() if value not in (None, [])}
    _require_one_kind(certified, given)
    _require_fields(certified, given)
    from surefit.core.plugins import load_plugins

    load_plugins(plugin or [])
    # Imported late: `--help` and bad options should answer at once.
    if certified:
        from surefit.cli.certified_width import run

        run(WidthSpec.parse(_one_size(given)), out, quiet)
    else:
        from surefit.cli.found_width import run

        run(WidthFinderSpec.parse(given), Path("runs") if out is None else out, quiet)


def _require_one_kind(certified: bool, given: dict[str, Any]) -> None:
    if certified == ("target_loss" in given):
        got = "both" if certified else "none"
        raise InvalidInputError(
            f"`surefit width` must be told what kind of width. Got {got}. `--target-loss X` is the "
            "smallest width at which descent reaches the loss X, by training networks; "
            "`--certified` is the smallest width with a proof of convergence from the initial "
            "weights. What published theorems ask for on your data is printed beside it. Write "
            "`surefit width --target-loss 1e-4` or `surefit width --certified`."
        )


def _require_fields(certified: bool, given: dict[str, Any]) -> None:
    kind, other = (
        ("--certified", "--target-loss") if certified else ("--target-loss", "--certified")
    )
    known = (WidthSpec if certified else WidthFinderSpec).model_fields
    for name in given:
        if name not in known:
            flag = "--" + name.replace("_", "-")
            raise InvalidInputError(
                f"`surefit width {flag}` must go with `{other}`. Got it with `{kind}`. That search "
                f"has no such choice. Leave {flag} out, or search with `{other}`."
            )


def _one_size(given: dict[str, Any]) -> dict[str, Any]:
    """The fields of a certified search, which has one number of samples."""
    sizes = given.get("samples")
    if sizes is None:
        return given
    if len(sizes) > 1:
        raise InvalidInputError(
            f"`surefit width --certified` must go with one number of samples. Got "
            f"{' '.join(sizes)}. Only trained networks have a law in their number. Write "
            f"`--samples {sizes[0]}`, or search with `--target-loss`."
        )
    return {**given, "samples": sizes[0]}
