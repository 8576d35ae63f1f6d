"""`surefit list`: everything that can be chosen by name."""

from __future__ import annotations

import inspect
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from surefit.cli.console import RESULTS
from surefit.cli.help import WideHelp
from surefit.errors import UnknownNameError

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("list", cls=WideHelp, short_help="Show everything that can be chosen by name.")(
        list_names
    )


def _summary(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0].replace("$", "")


def _kinds() -> dict[str, dict[str, str]]:
    from surefit import activations, certificates, data, layers, losses, theory, training
    from surefit.workflows import INITS, NETWORKS
    from surefit.workflows.deep_networks import DEEP, DEEP_INITS
    from surefit.workflows.implicit_networks import IMPLICIT, IMPLICIT_INITS
    from surefit.workflows.networks import FAMILY

    catalogues = {
        "data": data.LOADERS,
        "steps": data.STEPS,
        "labels": data.CODINGS,
        "activations": activations.ACTIVATIONS,
        "layers": layers.LAYERS,
        "losses": losses.LOSSES,
        "methods": training.METHODS,
        "monitors": training.MONITORS,
        "theorems": theory.THEOREMS,
        "certificates": certificates.CERTIFIERS,
    }
    kinds = {
        kind: {name: _summary(thing) for name, thing in catalogue.entries().items()}
        for kind, catalogue in catalogues.items()
    }
    kinds["networks"] = {name: text for name, (_, text) in NETWORKS.items()}
    kinds["networks"] |= IMPLICIT | DEEP
    kinds["inits"] = {
        name: f"{parameterisation} parameterisation, first-layer weights of std {std:g}"
        for name, (parameterisation, std) in INITS.items()
    }
    kinds["inits"] |= FAMILY | IMPLICIT_INITS | DEEP_INITS
    return kinds


def list_names(
    kind: Annotated[
        str | None,
        typer.Argument(help="What to list, for example `theorems`; nothing: everything."),
    ] = None,
) -> None:
    """Show everything that can be chosen by name, with one line about each."""
    kinds = _kinds()
    if kind is not None and kind not in kinds:
        raise UnknownNameError("`surefit list KIND`: KIND", kind, kinds)
    for title, names in kinds.items() if kind is None else [(kind, kinds[kind])]:
        table = Table(title=title, title_justify="left", show_header=False, box=None)
        table.add_column(style="bold", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in names.items():
            table.add_row(f"  {name}", escape(text))
        RESULTS.print(table)
