"""Weights brought back to where the map is a contraction."""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["Projection", "clipped", "project_weights", "rescaled", "spectral_norm"]

Projection = Literal["clip", "rescale"]

# Up to this size all singular values are cheap.
_DENSE = 256
# The edge of the spectrum of a random matrix of size m is resolved after some m^(1/3) steps.
_STEPS = 128


def spectral_norm(matrix: Float[Array, "a b"]) -> Float[Array, ""]:
    r"""$\|A\|_2$, inside of compiled code and without all singular values of a large matrix.

    Exact up to rounding for small matrices; above 256 features by 128 steps of Lanczos with full
    reorthogonalisation on $A^\top A$, from below, to about ten digits where the matrix is random.
    For a bound with proof see `surefit.core.spectrum.matrix_norm`.

    Cost: two products with a vector per step.
    """
    if min(matrix.shape) <= _DENSE:
        return jnp.linalg.svd(matrix, compute_uv=False)[0]
    size = matrix.shape[1]
    start = jax.random.normal(jax.random.key(0), (size,), matrix.dtype)
    basis = jnp.zeros((_STEPS + 1, size), matrix.dtype)
    basis = basis.at[0].set(start / jnp.linalg.norm(start))

    def step(basis: Array, k: Array) -> tuple[Array, tuple[Array, Array]]:
        v = basis[k]
        image = (matrix @ v) @ matrix
        alpha = image @ v
        # Twice is enough.
        for _ in range(2):
            image = image - (basis @ image) @ basis
        beta = jnp.linalg.norm(image)
        # The Krylov space is exhausted: what follows is rounding and is cut off.
        live = beta > 1e3 * jnp.finfo(matrix.dtype).eps * jnp.abs(alpha)
        new = jnp.where(live, image / jnp.where(live, beta, 1.0), 0.0)
        return basis.at[k + 1].set(new), (alpha, jnp.where(live, beta, 0.0))

    _, (alpha, beta) = jax.lax.scan(step, basis, jnp.arange(_STEPS))
    tridiagonal = jnp.diag(alpha) + jnp.diag(beta[:-1], 1) + jnp.diag(beta[:-1], -1)
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(tridiagonal)[-1], 0.0))


def rescaled(matrix: Float[Array, "m m"], bound: float) -> Float[Array, "m m"]:
    r"""$A\min(1, b/\|A\|_2)$: the whole matrix by one factor, as if $\gamma$ were smaller."""
    norm = spectral_norm(matrix)
    return jnp.where(norm > bound, bound / jnp.where(norm > bound, norm, 1.0), 1.0) * matrix


def clipped(matrix: Float[Array, "m m"], bound: float) -> Float[Array, "m m"]:
    r"""The nearest matrix (Frobenius) with $\|A\|_2 \le b$: singular values above $b$ become $b$.

    Cost: a singular value decomposition where the norm is above the bound.
    """

    def clip(a: Array) -> Array:
        left, values, right = jnp.linalg.svd(a, full_matrices=False)
        return (left * jnp.minimum(values, bound)[None, :]) @ right

    return jax.lax.cond(spectral_norm(matrix) > bound, clip, lambda a: a, matrix)


def project_weights(
    matrix: Float[Array, "m m"], bound: float, how: Projection
) -> Float[Array, "m m"]:
    """The matrix with an operator norm of at most `bound`; the same numbers if it has it."""
    return {"clip": clipped, "rescale": rescaled}[how](matrix, bound)
