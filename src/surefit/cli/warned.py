"""Warnings about the network, as one line on the terminal each."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.markup import escape

__all__ = ["explained_warnings"]


@contextlib.contextmanager
def explained_warnings(console: Console) -> Iterator[None]:
    """Print each `EquilibriumWarning` of the context once, in words; leave others as they are."""
    # Imported late: it brings JAX.
    from surefit.layers.equilibrium import EquilibriumWarning

    shown: set[str] = set()
    with warnings.catch_warnings():
        usual = warnings.showwarning
        warnings.simplefilter("always", EquilibriumWarning)

        def show(message: Any, category: type[Warning], *place: Any, **more: Any) -> None:
            if not issubclass(category, EquilibriumWarning):
                usual(message, category, *place, **more)
            elif str(message) not in shown:
                shown.add(str(message))
                text = escape(str(message))
                console.print(f"[bold yellow]Warning:[/] {text}", soft_wrap=True)

        warnings.showwarning = show
        yield
