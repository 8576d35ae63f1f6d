r"""$K$, $S$ and $T$ of rectified equilibria for whole kernel matrices.

Everything is homogeneous: for variances $s$, $t$ and correlation $\cos\theta$ of the injected
Gaussian features, $K = \sqrt{st}\,k(\theta)$, and $S$, $T$ depend on $\theta$ alone. So one gain
needs three functions of one angle. They are analytic in the angle up to both ends, with layers
there that are thin where the gain is near 0 or near $\sqrt2$: polynomials on panels that double
away from the ends.
"""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations.angle import angle, root
from surefit.implicit.limits.rectified_pair import solve

__all__ = ["rectified_moments"]

DEGREE = 15
DOUBLINGS = 16  # from panels of width 2e-5 at the ends

Entries = Float[Array, "..."]
# Gain; lower edges and widths of the panels in the angle; coefficients (3, degrees, panels).
Table = tuple[Float[Array, ""], Float[Array, "_"], Float[Array, "_"], Float[Array, "3 _ _"]]


@functools.lru_cache(maxsize=64)
def _table(gain: float) -> tuple[Float[np.ndarray, " edges"], Float[np.ndarray, "3 _ panels"]]:
    """Edges of the panels in the angle, and Chebyshev coefficients of k, S, T on each."""
    half = math.pi / 2 * np.exp2(np.arange(-DOUBLINGS, 1.0))
    edges = np.concatenate([[0.0], half, math.pi - half[-2::-1], [math.pi]])
    nodes = -np.cos((np.arange(DEGREE + 1) + 0.5) * math.pi / (DEGREE + 1))
    theta = edges[:-1] + np.diff(edges) * (nodes[:, None] + 1) / 2
    values = np.stack(solve(theta.reshape(-1), gain)).reshape(3, *theta.shape)
    basis = np.polynomial.chebyshev.chebvander(nodes, DEGREE)
    # Discrete orthogonality at the roots of the next polynomial.
    coefficients = np.einsum("nd,snp->sdp", basis, values) * 2 / (DEGREE + 1)
    coefficients[:, 0] /= 2
    return edges, coefficients


def rectified_moments(
    gain: float, covariance: Entries, variance1: Entries, variance2: Entries
) -> tuple[Entries, Entries, Entries]:
    r"""$K$, $S$, $T$ at the fixed point for injected features $a_+$ with Gaussian $a$.

    Args:
        gain: $\gamma$.
        covariance: of the Gaussian features of two samples.
        variance1: of those of the first; broadcasts against the others.
        variance2: of those of the second.

    Returns:
        $K = E[X_+X'_+]$, $S = P(X, X' > 0)$ and $T = P(X, X', a, a' > 0)$, where
        $X = \gamma G + a_+$ and $G$ has the covariances $K$. Errors are below 1e-12 (of
        $\sqrt{st}$ for $K$) plus what the rounding of the arguments does to the angle.

    Cost: about 100 operations per entry, and 0.2 s once for each gain.

    Raises:
        NumericalError: $\gamma \ge \sqrt2$: no fixed point.
    """
    edges, coefficients = _table(gain)
    dtype = covariance.dtype
    table = tuple(
        jnp.asarray(part, dtype) for part in (gain, edges[:-1], np.diff(edges), coefficients)
    )
    return _moments(table, *jnp.broadcast_arrays(covariance, variance1, variance2))


@jax.jit
def _moments(
    table: Table, covariance: Entries, s: Entries, t: Entries
) -> tuple[Entries, Entries, Entries]:
    slope, both = _read(table, angle(covariance, s, t), slice(1, 3))
    return _covariance(table, covariance, s, t), slope, both


def _read(table: Table, theta: Entries, rows: slice) -> tuple[Entries, ...]:
    """Rows of the table at an angle, by Clenshaw's recurrence."""
    _, low, width, coefficients = table
    panel = jnp.clip(jnp.searchsorted(low, theta, side="right") - 1, 0, low.size - 1)
    x = 2 * (theta - low[panel]) / width[panel] - 1.0

    def step(carry: tuple, row: Float[Array, "rows panels"]) -> tuple[tuple, None]:
        return tuple(
            (r[panel] + 2 * x * first - second, first)
            for r, (first, second) in zip(row, carry, strict=True)
        ), None

    chosen = jnp.swapaxes(coefficients[rows], 0, 1)
    start = ((jnp.zeros_like(x),) * 2,) * chosen.shape[1]
    # Unrolled steps fuse into one pass over memory; more of them take longer to compile.
    last = jax.lax.scan(step, start, chosen[1:], reverse=True, unroll=4)[0]
    return tuple(
        c[panel] + x * first - second for c, (first, second) in zip(chosen[0], last, strict=True)
    )


# The angle has an infinite derivative where samples agree; that of K is finite. On the fixed
# point dK = T dc + gamma^2 S dK (Price); homogeneity gives the derivatives for the variances.
@jax.custom_jvp
def _covariance(table: Table, covariance: Entries, s: Entries, t: Entries) -> Entries:
    return root(s * t) * _read(table, angle(covariance, s, t), slice(0, 1))[0]


@_covariance.defjvp
def _covariance_jvp(primals: tuple, tangents: tuple) -> tuple[Entries, Entries]:
    table, covariance, s, t = primals
    value = _covariance(table, covariance, s, t)
    slope, both = _read(table, angle(covariance, s, t), slice(1, 3))
    per_covariance = both / (1.0 - table[0] ** 2 * slope)
    rest = (value - covariance * per_covariance) / 2

    def per(variance: Array) -> Array:
        return jnp.where(variance > 0, rest / jnp.where(variance > 0, variance, 1.0), 0.0)

    change = per_covariance * tangents[1] + per(s) * tangents[2] + per(t) * tangents[3]
    return value, change
