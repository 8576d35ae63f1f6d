r"""Projects a scalar function of a Gaussian onto Hermite polynomials.

The trapezoid rule converges geometrically for functions that are analytic in a strip around the
real line; Gauss-Hermite rules, whose nodes spread out, only like $e^{-c\sqrt N}$, which is too
slow for tanh of a wide Gaussian. Nodes lie at half steps, so that a kink or a jump at 0 falls
between two of them, and come in pairs $\pm x$, so that even and odd parts separate exactly.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

__all__ = ["Projection", "project", "refinement_for"]

EDGE = 12.5  # beyond it the Gaussian density is below 1e-34
STEP = 0.0125
FINEST = 4

Table = Float[Array, "_ sets"] | Float[np.ndarray, "_ sets"]
Values = Float[Array, "sets nodes"] | Float[np.ndarray, "sets nodes"]
Sets = Float[Array, " sets"] | Float[np.ndarray, " sets"]


@dataclasses.dataclass(frozen=True)
class Projection:
    r"""$c_k = E[f(\sqrt s\,g)\,h_k(g)]$ for one variance $s$ per set, $E h_k^2 = 1$.

    NumPy arrays where values are known, so that nothing is compiled; JAX arrays under a trace.

    Args:
        coefficients: those of even k, then those of odd k; k grows along the first axis.
        moments: second moment of the even part, then of the odd part of $f$.
        quadrature: estimated error of the second moment due to step size and cut-off.
    """

    coefficients: tuple[Table, Table]
    moments: tuple[Sets, Sets]
    quadrature: Sets

    @property
    def second_moment(self) -> Sets:
        r"""$E f(\sqrt s\,g)^2$."""
        return self.moments[0] + self.moments[1]

    def tails(self, parity: int) -> Table:
        r"""Row j: what the first j coefficients of a parity leave of its second moment.

        Rounding keeps the difference from reaching 0, or from staying above it; below a few
        units in the last place of the whole moment it is called 0.
        """
        table, moment = self.coefficients[parity], self.moments[parity]
        xp = table.__array_namespace__()
        taken = xp.cumsum(xp.concatenate([xp.zeros_like(moment)[None], table**2]), axis=0)
        left = moment[None] - taken
        floor = 16 * float(np.finfo(table.dtype).eps) * self.second_moment
        return xp.where(left > floor[None], left, 0.0)


def refinement_for(variance: float) -> int:
    r"""How many times finer than `STEP` the nodes should lie for $f(\sqrt s\,\cdot)$.

    Singularities of $f$ come closer like $1/\sqrt s$. Those of tanh then are 16 steps away, so that
    the rule errs by $e^{-32\pi}$, and the coarser one that `Projection.quadrature` compares it
    with by its cube root, $10^{-14}$.
    """
    if not math.isfinite(variance):
        return 1
    return min(FINEST, max(1, math.ceil(math.sqrt(variance) / 8)))


def project(function: Callable, variance: Sets, terms: int, refinement: int = 1) -> Projection:
    """The first `terms` coefficients (an even number) of `function`, one set per variance.

    Cost: `sets * nodes * terms` multiplications, with 1000 nodes times the refinement.
    """
    nodes, weights, rows = _basis(terms, refinement, variance.dtype.name)
    xp = variance.__array_namespace__()
    positive = variance > 0
    scale = xp.where(positive, xp.sqrt(xp.where(positive, variance, 1.0)), 0.0)
    x = jnp.asarray(scale[:, None] * nodes[None, :])
    values = function(jnp.stack([x, -x]))
    try:
        values = np.asarray(values)
    except jax.errors.TracerArrayConversionError:
        xp = jnp
    right, left = values[0], values[1]
    parts = ((right + left) / 2, (right - left) / 2)
    moments = tuple(part**2 @ weights for part in parts)
    moment = moments[0] + moments[1]
    # Of the coefficients, the first of each parity feels a coarse rule most at a kink.
    drift = xp.maximum(*(_drift(part, own[:, 0]) for part, own in zip(parts, rows, strict=True)))
    own = sum(_drift(part**2, weights) for part in parts)
    quadrature = xp.maximum(own, 2 * xp.sqrt(moment) * drift)
    cut = (right[:, -1] ** 2 + left[:, -1] ** 2) * (float(weights[-1]) * refinement / STEP)
    return Projection(
        coefficients=tuple((part @ own).T for part, own in zip(parts, rows, strict=True)),
        moments=moments,
        quadrature=quadrature + cut,
    )


def _drift(values: Values, weights: np.ndarray) -> Sets:
    """How far the rule of three times the step, on every third node, is from the full one.

    For a function with a kink or a jump at 0 this is eight times the error of the full rule, as
    both have 0 half-way between two nodes. For an analytic function it is its cube root.
    """
    third = 3 * weights * (np.arange(weights.size) % 3 == 1)
    return abs(values @ weights - values @ third.astype(weights.dtype))


@functools.lru_cache(maxsize=8)
def _basis(
    terms: int, refinement: int, dtype: str
) -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    r"""Positive nodes, weights of the density, and weighted Hermite polynomials by parity.

    $h_k$ overflows where $\psi_k = h_k\,p^{1/2}$, with the density $p$, does not; its recurrence
    $\sqrt{k+1}\,\psi_{k+1} = x\psi_k - \sqrt k\,\psi_{k-1}$ is stable upwards.
    """
    step = STEP / refinement
    nodes = step * (np.arange(round(EDGE / step)) + 0.5)
    root = np.exp(-(nodes**2) / 4) / (2 * math.pi) ** 0.25
    weighted = 2 * step * root
    rows = np.empty((2, terms // 2, nodes.size))
    before, now = np.zeros_like(nodes), root
    for k in range(terms):
        rows[k % 2, k // 2] = weighted * now
        before, now = now, (nodes * now - math.sqrt(k) * before) / math.sqrt(k + 1)
    nodes, weights, even, odd = (
        a.astype(dtype) for a in (nodes, weighted * root, rows[0].T, rows[1].T)
    )
    return nodes, weights, (even, odd)
