"""The trained weight matrices and their spectral norms."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import leaf_names
from surefit.training.costs import eigenvalue_flops

__all__ = ["largest_norm", "matrices_obstacle", "norm_flops", "spectral_norm", "trained_matrices"]


def trained_matrices(moving: Params) -> dict[str, Array]:
    """Every leaf that is a matrix, by its place in the tree of parameters."""
    named = zip(leaf_names(moving), jax.tree.leaves(moving), strict=True)
    return {name: leaf for name, leaf in named if leaf.ndim == 2}


def matrices_obstacle(moving: Params) -> str | None:
    """Why the trained parameters are not a tuple of matrices; None if they are."""
    others = [name for name in leaf_names(moving) if name not in trained_matrices(moving)]
    if not others and jax.tree.leaves(moving):
        return None
    found = f"{others[0]!r} is none" if others else "nothing is trained"
    return (
        f"Every trained parameter must be a matrix; {found}. The inequality is about networks "
        "whose weight matrices are trained and nothing else; leave biases away."
    )


def spectral_norm(matrix: Float[Array, "a b"]) -> Float[Array, ""]:
    r"""$\|W\|_2$.

    Of the smaller of the two Gram matrices; the largest eigenvalue keeps its relative accuracy.
    """
    tall = matrix.shape[0] >= matrix.shape[1]
    gram = matrix.T @ matrix if tall else matrix @ matrix.T
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh(gram)[-1], 0.0))


def largest_norm(moving: Params) -> Float[Array, ""]:
    r"""$\max_\ell\|W_\ell\|_2$ over the matrices; 0 if there are none."""
    norms = [spectral_norm(w) for w in trained_matrices(moving).values()]
    return jnp.max(jnp.stack(norms)) if norms else jnp.zeros(())


def norm_flops(moving: Params) -> float:
    """A Gram matrix and its eigenvalues per weight matrix."""
    shapes = [sorted(a.shape) for a in trained_matrices(moving).values()]
    return sum(2.0 * low**2 * high + eigenvalue_flops(low) for low, high in shapes)
