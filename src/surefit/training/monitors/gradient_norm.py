"""The norm of the gradient."""

from __future__ import annotations

import dataclasses
from typing import Any

from jaxtyping import Array, Float

from surefit.core.tree import norm
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["GradientNorm"]


@dataclasses.dataclass(frozen=True)
class GradientNorm(Monitor):
    """The norm of the gradient of the loss, over all trained parameters."""

    title = "norm of the gradient"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\|\nabla L\|$."""
        return norm(view.gradient)
