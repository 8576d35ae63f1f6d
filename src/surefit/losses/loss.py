"""The extension point of losses: a function of outputs and targets with its curvature."""

from __future__ import annotations

import abc
import math
from typing import ClassVar

import jax
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Loss"]


class Loss(abc.ABC):
    r"""$\ell(f, y)$ of all outputs $f$ and targets $y$, both of shape (n, k).

    To add one, write a frozen dataclass in a new file of `surefit/losses/`.

    Attributes:
        minimum: the least value that it can take, or the greatest lower bound if it takes none.
        coding: the label coding of the targets that it is made for; None: any numbers.
    """

    minimum: ClassVar[float] = 0.0
    coding: ClassVar[str | None] = None

    @abc.abstractmethod
    def __call__(self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]) -> Float[Array, ""]:
        """The loss."""

    def require_targets(self, y: Float[np.ndarray, "n k"]) -> None:  # noqa: B027
        """Refuse targets that this loss is not made for; any numbers will do unless it says so.

        Raises:
            InvalidInputError: with the coding that it needs.
        """

    def output_gradient(
        self, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
    ) -> Float[Array, "n k"]:
        r"""$\partial\ell/\partial f$."""
        return jax.grad(self)(outputs, y)

    def smoothness(self, samples: int) -> float:
        r"""Lipschitz constant of $\partial\ell/\partial f$; infinite if there is none."""
        return math.inf

    def polyak_lojasiewicz(self, samples: int) -> float:
        r"""Largest $\alpha$ with $\|\partial\ell/\partial f\|^2 \ge 2\alpha(\ell - \min\ell)$."""
        return 0.0

    def residual_scale(self, samples: int) -> float | None:
        r"""$c$ where $\ell = c\,\|f - y\|^2$; None if the loss is no multiple of the square."""
        return None
