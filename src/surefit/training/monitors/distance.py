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
    r"""$\|\theta - \theta_0\|$ over all trained parameters."""

    title = "distance from the initialisation"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The Euclidean (for matrices: Frobenius) norm of the movement."""
        return norm(view.movement)
