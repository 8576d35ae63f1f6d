"""Conformance suites: what every activation, layer and loss must satisfy, as functions.

`check_activation(MyActivation())` returns nothing, or raises an `AssertionError` that names the
property that fails. The suites need nothing but surefit itself.

A suite `check_<kind>` lives in the file `<kind>.py` of this package and is found by its name.
"""

from __future__ import annotations

import importlib
import importlib.util
import pkgutil
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surefit.testing.activation import check_activation
    from surefit.testing.layer import check_layer
    from surefit.testing.limit import check_limit
    from surefit.testing.loss import check_loss
    from surefit.testing.solver import check_solver

__all__ = ["check_activation", "check_layer", "check_limit", "check_loss", "check_solver"]


def __getattr__(name: str) -> Callable:
    kind = name.removeprefix("check_")
    if name != kind and importlib.util.find_spec(f"{__name__}.{kind}"):
        return getattr(importlib.import_module(f"{__name__}.{kind}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    modules = {
        module.name: importlib.import_module(f"{__name__}.{module.name}")
        for module in pkgutil.iter_modules(__path__)
    }
    suites = {
        f"check_{kind}" for kind, module in modules.items() if hasattr(module, f"check_{kind}")
    }
    return sorted({*globals(), *suites})
