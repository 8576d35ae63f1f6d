"""The squared distance of the outputs from the targets."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["SquaredResidual"]


@dataclasses.dataclass(frozen=True)
class SquaredResidual(Monitor):
    """The squared distance of all outputs from the targets; always measured, as the loss is."""

    title = "squared residual"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\|f(\theta) - y\|^2$."""
        return view.squared_residual
