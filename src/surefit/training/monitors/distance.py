"""How far the parameters are from their start."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.core.tree import norm
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["Distance"]


@dataclasses.dataclass(frozen=True)
class Distance(Monitor):
    """How far the trained parameters are from their start, all together."""

    title = "distance from the initialisation"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\|\theta - \theta_0\|$, Euclidean over all numbers (for matrices: Frobenius)."""
        return norm(view.movement)
