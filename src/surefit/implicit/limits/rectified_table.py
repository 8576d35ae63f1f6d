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
from surefit.implicit.limits.rectified_pair import diagonal, solve

__all__ = ["rectified_moments"]

DEGREE = 19

Entries = Float[Array, "..."]


@functools.lru_cache(maxsize=64)
def _table(gain: float) -> tuple[Float[np.ndarray, " edges"], Float[np.ndarray, "3 _ panels"]]:
    """Edges of the panels in the angle, and Chebyshev coefficients of k, S, T on each."""
    q, s, _ = diagonal(gain)
    layer = min(gain * math.sqrt(q) / 4, 1.0 - gain**2 * s, math.pi / 4)
    doublings = math.ceil(math.log2(math.pi / 2 / layer))
    half = math.pi / 2 * np.exp2(np.arange(-doublings, 1.0))
    edges = np.concatenate([[0.0], half, math.pi - half[-2::-1], [math.pi]])
    nodes = -np.cos((np.arange(DEGREE + 1) + 0.5) * math.pi / (DEGREE + 1))
    theta = edges[:-1] + np.diff(edges) * (nodes[:, None] + 1) / 2
    values = np.stack(solve(theta.reshape(-1), gain)).reshape(3, *theta.shape)
    basis = np.polynomial.chebyshev.chebvander(nodes, DEGREE)
    # Discrete orthogonality at the roots of the next polynomial.
    coefficients = np.einsum("nd,snp->sdp", basis, values) * 2 / (DEGREE + 1)
    coefficients[:, 0] /= 2
    return edges, coefficients


@functools.partial(jax.jit, static_argnums=0)
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

    Cost: about 100 operations per entry, and 0.1 s once for each gain.

    Raises:
        NumericalError: $\gamma \ge \sqrt2$: no fixed point.
    """
    covariance, s, t = jnp.broadcast_arrays(covariance, variance1, variance2)
    slope, both = _read(gain, angle(covariance, s, t), (1, 2))
    return _covariance(gain, covariance, s, t), slope, both


def _read(gain: float, theta: Entries, rows: tuple[int, ...]) -> list[Entries]:
    """Rows of the table at an angle, by Clenshaw's recurrence."""
    edges, table = _table(gain)
    dtype = theta.dtype
    low = jnp.asarray(edges[:-1], dtype)
    width = jnp.asarray(np.diff(edges), dtype)
    panel = jnp.clip(jnp.searchsorted(low, theta, side="right") - 1, 0, low.size - 1)
    x = 2 * (theta - low[panel]) / width[panel] - 1.0
    found = []
    for row in rows:
        coefficients = jnp.asarray(table[row], dtype)
        first, second = jnp.zeros_like(x), jnp.zeros_like(x)
        for degree in range(DEGREE, 0, -1):
            first, second = coefficients[degree][panel] + 2 * x * first - second, first
        found.append(coefficients[0][panel] + x * first - second)
    return found


# The angle has an infinite derivative where samples agree; that of K is finite. On the fixed
# point dK = T dc + gamma^2 S dK (Price); homogeneity gives the derivatives for the variances.
@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _covariance(gain: float, covariance: Entries, s: Entries, t: Entries) -> Entries:
    return root(s * t) * _read(gain, angle(covariance, s, t), (0,))[0]


@_covariance.defjvp
def _covariance_jvp(gain: float, primals: tuple, tangents: tuple) -> tuple[Entries, Entries]:
    covariance, s, t = primals
    value = _covariance(gain, covariance, s, t)
    slope, both = _read(gain, angle(covariance, s, t), (1, 2))
    per_covariance = both / (1.0 - gain**2 * slope)
    rest = (value - covariance * per_covariance) / 2

    def per(variance: Array) -> Array:
        return jnp.where(variance > 0, rest / jnp.where(variance > 0, variance, 1.0), 0.0)

    change = per_covariance * tangents[0] + per(s) * tangents[1] + per(t) * tangents[2]
    return value, change
