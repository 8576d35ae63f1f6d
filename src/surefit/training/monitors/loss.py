"""The objective."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["Loss"]


@dataclasses.dataclass(frozen=True)
class Loss(Monitor):
    """The objective; always measured, at every step where the method computes it anyway."""

    title = "training loss"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$L(\theta)$."""
        return view.loss
