"""Picard iteration: apply the map until it stands still."""

from __future__ import annotations

import dataclasses

from jaxtyping import Array, Float

from surefit.implicit.iteration import FixedPointSolver, Map, iterate
from surefit.implicit.solution import Solution

__all__ = ["Picard"]


@dataclasses.dataclass(frozen=True)
class Picard(FixedPointSolver):
    r"""Picard iteration $h \leftarrow \phi(Wh + x)$.

    Converges from everywhere at the rate $q = L_\phi\|W\|$ if $q < 1$, with
    $\|h_p - h^*\| \le \frac{q^p}{1-q}\|h_1 - h_0\|$; often also above. Linear systems are solved by
    the same iteration (a Neumann series), whose rate is that of the forward iteration at its end.
    `surefit.implicit.bounds` has these bounds as functions.

    Cost: one product of an $n \times m$ with an $m \times m$ matrix per step.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), A global convergence theory for deep ReLU implicit
        networks via over-parameterization, Lemma 2.2.
    """

    def find(self, function: Map, start: Float[Array, "n m"]) -> Solution:
        r"""States with $h = f(h)$, by repetition."""
        tolerance = self.resolved(start.dtype)
        return iterate(
            function, start, tolerance, self.max_steps, lambda _, image, memory: (image, memory)
        )
