"""What a landscape is: a plane through a point, the objective over it, and what it shows."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check, Evidence, Sense
from surefit.core.spectrum import Enclosure

__all__ = ["MOST", "Landscape"]

MOST = 0.5
"""The share of the plane's decrease from which on the gradient does most of it."""


@dataclasses.dataclass(frozen=True, eq=False)
class Landscape:
    r"""The objective over the plane of the gradient and of the most negative curvature.

    Args:
        objective: $F(\theta)$ at the point.
        gradient_norm: $\|\nabla F(\theta)\|$.
        directions: the axes of the plane, orthonormal, over the trained parameters in the order of
            `jax.tree.leaves`: the gradient direction $g$, and the eigenvector without its part
            along $g$.
        eigenvector: the unit eigenvector $v$ of the smallest eigenvalue of the smoothed Hessian.
        eigenvalue: that eigenvalue. Its upper end is certain; that nothing lies below the lower end
            holds with high probability over the start of the Lanczos method.
        residual: $\|Hv - \lambda v\|$: within this distance of `eigenvalue.value` lies an
            eigenvalue.
        converged: whether the tolerance was reached with the products that were allowed.
        products: how many products with the Hessian were made.
        overlap: $\langle g, v\rangle$; what the plane's second axis leaves out of $v$.
        pointwise_curvature: $v^\top\nabla^2F(\theta)v$ without smoothing, blind to kinks.
        scales: the widths at which rectifiers are rounded, in the order of the network.
        x: positions along $g$; descent goes to the left.
        y: positions along the second axis.
        values: $F$, not smoothed, at row `y[i]` and column `x[j]`.
        decrease_gradient: how far $F$ falls along $-g$, at the lowest point that was tried.
        decrease_curvature: the same along the second axis, in both senses.
        decrease_plane: the same over all points of the plane that were tried.
    """

    objective: float
    gradient_norm: float
    directions: Float[np.ndarray, "2 p"] = dataclasses.field(repr=False)
    eigenvector: Float[np.ndarray, " p"] = dataclasses.field(repr=False)
    eigenvalue: Enclosure
    residual: float
    converged: bool
    products: int
    overlap: float
    pointwise_curvature: float
    scales: tuple[float, ...] = dataclasses.field(repr=False)
    x: Float[np.ndarray, " a"] = dataclasses.field(repr=False)
    y: Float[np.ndarray, " b"] = dataclasses.field(repr=False)
    values: Float[np.ndarray, "b a"] = dataclasses.field(repr=False)
    decrease_gradient: float
    decrease_curvature: float
    decrease_plane: float

    @property
    def share(self) -> float:
        """The part of the plane's decrease that the gradient direction reaches alone."""
        return self.decrease_gradient / self.decrease_plane if self.decrease_plane > 0 else np.nan

    def checks(self, prefix: str = "") -> tuple[Check, ...]:
        """The gradient direction decreases the objective, and does most of what the plane allows.

        That negative curvature *could* decrease it as well, as it often can at a random start, is
        no objection: the claim is that it is not needed.

        Args:
            prefix: before the name of every check.
        """
        return (
            Check(
                f"{prefix}largest decrease of F along the gradient",
                self.decrease_gradient,
                0.0,
                Sense.GREATER,
                evidence=Evidence.SAMPLED,
                note=f"Along the most negative curvature {self.decrease_curvature:.3g}.",
            ),
            Check(
                f"{prefix}the same as a share of the largest decrease in the plane",
                self.share,
                MOST,
                Sense.AT_LEAST,
                evidence=Evidence.SAMPLED,
                note="Below 1/2, the direction of negative curvature would add more than the "
                "gradient does alone.",
            ),
        )
