"""The extension point of equilibrium solvers."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.errors import InvalidInputError
from surefit.implicit.solution import Solution

__all__ = ["Elementwise", "Solver", "relative_residual"]

# A scalar function with `derivative`, applied to every feature: an activation.
Elementwise = Callable[[Float[Array, "..."]], Float[Array, "..."]]

# Of the machine epsilon: norm-wise, one application of the map carries a few units of rounding.
_DEFAULT, _SMALLEST = 32.0, 4.0


@dataclasses.dataclass(frozen=True)
class Solver(abc.ABC):
    r"""Finds $h$ with $h = \phi(Wh + x)$ for every row $x$ of a batch.

    To add one, write a frozen dataclass in a new file of `surefit/implicit/solvers/` with `solve`
    and `solve_linear`, or derive from `FixedPointSolver` and write `find`. All of them run inside
    `jax.jit` and stop sample by sample: what one sample does changes no other one.

    Args:
        tolerance: relative residual at which a sample counts as converged; None: 32 times the
            machine epsilon of the precision in use.
        max_steps: applications of the map, or linear solves, at most.
    """

    tolerance: float | None = None
    max_steps: int = 1000

    def __post_init__(self) -> None:
        name = type(self).__name__
        if self.tolerance is not None and not 0.0 < self.tolerance < 1.0:
            raise InvalidInputError(
                f"`{name}(tolerance=...)` must lie strictly between 0 and 1, or be None. Got "
                f"{self.tolerance}. It bounds the residual relative to the state. Use None for "
                "what the precision allows."
            )
        if self.max_steps < 1:
            raise InvalidInputError(
                f"`{name}(max_steps=...)` must be at least 1. Got {self.max_steps}. Without a step "
                "nothing is solved. Use 1000."
            )

    @abc.abstractmethod
    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on."""

    @abc.abstractmethod
    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
        start: Float[Array, "n m"] | None = None,
    ) -> Solution:
        r"""Rows $v_i$ with $(I - D_iW)v_i = r_i$, or $(I - W^\top D_i)v_i = r_i$ if transposed.

        $D_i$ is the diagonal matrix of row i of `slope`; `start` is where to begin, where a solver
        can make use of it.
        """

    def resolved(self, dtype: jnp.dtype) -> float:
        """The tolerance in the precision `dtype`.

        Raises:
            InvalidInputError: the tolerance asked for is below what the precision can reach.
        """
        epsilon = float(jnp.finfo(dtype).eps)
        if self.tolerance is None:
            return _DEFAULT * epsilon
        if self.tolerance < _SMALLEST * epsilon:
            raise InvalidInputError(
                f"`{type(self).__name__}(tolerance=...)` must be at least "
                f"{_SMALLEST * epsilon:.2g} in {jnp.dtype(dtype).name}. Got {self.tolerance:.2g}. "
                "Rounding alone leaves a residual of that size. Use float64, or None for what the "
                "precision allows."
            )
        return self.tolerance


def relative_residual(
    new: Float[Array, "n m"], old: Float[Array, "n m"], tolerance: float
) -> tuple[Float[Array, " n"], Bool[Array, " n"]]:
    r"""$\|h' - h\|/\|h'\|$ per row, and whether it is at most the tolerance; 0/0 counts as 0."""
    gap = jnp.linalg.norm(new - old, axis=1)
    size = jnp.linalg.norm(new, axis=1)
    positive = size > 0
    relative = jnp.where(positive, gap / jnp.where(positive, size, 1.0), gap)
    # Infinite norms compare as equal; a state that has overflowed is no equilibrium.
    return relative, (gap <= tolerance * size) & jnp.isfinite(size)
