"""Linear maps without parameters whose matrix has no negative entry: patches, means, reshaping."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from surefit.curvature.nodes.node import (
    Adjoint,
    Node,
    Passage,
    PerSample,
    Pulled,
    Return,
    Spread,
    Values,
)

__all__ = ["FixedMap"]


@dataclasses.dataclass(frozen=True)
class FixedMap(Node):
    r"""$h \mapsto Th$ for $T \ge 0$ entrywise, sample by sample.

    $\lVert T\rVert_2 \le (\max_p\sum_qT_{pq}\,\max_q\sum_pT_{pq})^{1/2}$ (Schur's test), which is
    attained by patches, means over windows and means over all positions of equal weight.

    Args:
        inputs: of $h$.
        value: $Th$.
        function: $T$ on a batch.
        shape: of one example of $h$.

    References:
        R. A. Horn and C. R. Johnson, Matrix Analysis, 2nd ed., problem 5.6.P21.
    """

    inputs: tuple[int, ...]
    value: Values
    function: Callable
    shape: tuple[int, ...]

    @functools.cached_property
    def norm(self) -> float:
        r"""$\lVert T\rVert_2$, from above."""
        ones = jnp.ones((1, *self.shape))
        rows, pull = jax.vjp(self.function, ones)
        (columns,) = pull(jnp.ones_like(rows))
        return math.sqrt(float(jnp.max(rows)) * float(jnp.max(columns))) * (1 + 1e-14)

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        """The norm for lengths, the map itself for entries."""
        (spread,) = spreads
        entry = np.asarray(self.function(jnp.asarray(spread.entry)))
        return Passage(Spread(self.norm * spread.peak, self.norm * spread.batch, entry))

    def pull(self, adjoint: Adjoint) -> Pulled:
        """The transpose."""
        n, k = adjoint.array.shape[:2]
        _, pull = jax.vjp(self.function, jnp.zeros((n * k, *self.shape)))
        rows = jnp.asarray(adjoint.array.reshape(n * k, *adjoint.array.shape[2:]))
        return Pulled((Adjoint(np.asarray(pull(rows)[0]).reshape(n, k, *self.shape)),))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        """The transpose is no longer than the map."""
        return (self.norm * back.moved,)
