"""Solvers by operator splitting: equilibria and the linear systems of their derivatives."""

from __future__ import annotations

import abc
import dataclasses
import math
from collections.abc import Callable
from typing import Any, TypeAlias

from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.implicit.iteration import Map, iterate
from surefit.implicit.monotone import require_proximal, resolvent
from surefit.implicit.solution import Solution
from surefit.implicit.solver import Elementwise, Solver

__all__ = ["Resolvent", "Rule", "SplittingSolver"]

# From the step size and a point to the resolvent there.
Resolvent: TypeAlias = Callable[[Float[Array, ""], Float[Array, "n m"]], Float[Array, "n m"]]
# From a state and what the rule keeps beside it to the next of both.
Rule: TypeAlias = Callable[[Float[Array, "n m"], Any], tuple[Float[Array, "n m"], Any]]


@dataclasses.dataclass(frozen=True)
class SplittingSolver(Solver):
    r"""Finds the zero of $h \mapsto (I-W)h - x + \partial\varphi(h)$ by splitting.

    To add one, write `prepare`. Converges for every $W$ with $I - W$ strongly monotone, whatever
    the norm of $W$, and every activation with slopes in $[0, 1]$.

    The linear systems have the same form: with $D$, whose entries are in $[0, 1]$, in the place of
    the activation, $v = z + r$ with $z = D(Wz + Wr)$ solves $(I - DW)v = r$, and $v = W^\top z + r$
    with $z = D(W^\top z + r)$ the transposed system.

    Args:
        step_size: $\alpha$; None: the step with the best rate that strong monotonicity and norm
            of $I - W$ warrant.
    """

    step_size: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.step_size is not None and not 0.0 < self.step_size < math.inf:
            name = type(self).__name__
            raise InvalidInputError(
                f"`{name}(step_size=...)` must be positive and finite, or None. Got "
                f"{self.step_size}. It multiplies the operators that are split. Use None for the "
                "step with the best known rate."
            )

    @abc.abstractmethod
    def prepare(
        self,
        resolve: Resolvent,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> tuple[Rule, Any]:
        """One iteration, and what it keeps beside the state at the start; called once per call."""

    def solve(
        self,
        activation: Elementwise,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        r"""States with $h = \phi(Wh + x)$, from `start` on.

        Raises:
            InvalidInputError: the activation is no proximal operator.
        """
        require_proximal(f"{type(self).__name__}.solve(activation=...)", activation)

        def resolve(alpha: Float[Array, ""], u: Float[Array, "n m"]) -> Float[Array, "n m"]:
            return resolvent(activation, alpha, u)

        return self._split(
            lambda h: activation(h @ weights.T + x), lambda z: z, resolve, weights, x, start
        )

    def solve_linear(
        self,
        weights: Float[Array, "m m"],
        slope: Float[Array, "n m"],
        rhs: Float[Array, "n m"],
        transpose: bool,
        start: Float[Array, "n m"] | None = None,
    ) -> Solution:
        r"""Rows with $(I - D_iW)v_i = r_i$, or the transposed systems, for slopes in $[0, 1]$."""

        def resolve(alpha: Float[Array, ""], u: Float[Array, "n m"]) -> Float[Array, "n m"]:
            return slope * u / (alpha + (1.0 - alpha) * slope)

        start = rhs if start is None else start
        if transpose:
            return self._split(
                lambda v: (slope * v) @ weights + rhs,
                lambda z: z @ weights + rhs,
                resolve,
                weights.T,
                rhs,
                slope * start,
            )
        return self._split(
            lambda v: slope * (v @ weights.T) + rhs,
            lambda z: z + rhs,
            resolve,
            weights,
            rhs @ weights.T,
            start - rhs,
        )

    def _split(
        self,
        function: Map,
        shown: Map,
        resolve: Resolvent,
        weights: Float[Array, "m m"],
        x: Float[Array, "n m"],
        start: Float[Array, "n m"],
    ) -> Solution:
        """Iterate on `z`; convergence is that of `shown(z)` under `function`."""
        rule, beside = self.prepare(resolve, weights, x, start)

        def update(_: Array, __: Array, memory: Any) -> tuple[Array, Any]:
            z, beside = rule(*memory)
            return shown(z), (z, beside)

        tolerance = self.resolved(start.dtype)
        return iterate(function, shown(start), tolerance, self.max_steps, update, (start, beside))
