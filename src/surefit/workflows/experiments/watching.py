"""What experiments measure besides the catalogue's monitors."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.training import Monitor, View

__all__ = ["held_out_error", "largest_singular_value", "scaled_norm"]


@dataclasses.dataclass(frozen=True, eq=False)
class _HeldOutError(Monitor):
    r"""The mean squared error on samples that are not trained on.

    Args:
        x: their inputs.
        y: their targets.
    """

    x: np.ndarray
    y: np.ndarray

    title = "mean squared error on the test samples"
    name = "held_out_error"

    def __repr__(self) -> str:
        # What a checkpoint knows a monitor by.
        digest = hashlib.sha256(self.x.tobytes() + self.y.tobytes()).hexdigest()[:16]
        return f"HeldOutError({digest})"

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\frac1n\|f - y\|^2$."""
        outputs = view.problem.network.apply(view.params, jnp.asarray(self.x))
        return jnp.mean(jnp.square(outputs - jnp.asarray(self.y)))


@dataclasses.dataclass(frozen=True)
class _ScaledNorm(Monitor):
    r"""The operator norm of one weight matrix times a factor.

    Args:
        place: the keys that lead to the matrix in the tree of parameters.
        factor: what to multiply by.
    """

    place: tuple[int | str, ...]
    factor: float

    title = "scaled operator norm of the weights inside the equilibrium"
    name = "scaled_norm"

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\frac{\gamma}{\sqrt m}\|A\|$."""
        return self.factor * largest_singular_value(_at(view.params, self.place))


def held_out_error(x: Float[np.ndarray, "m d"], y: Float[np.ndarray, "m k"]) -> Monitor:
    """A monitor `held_out_error` of the mean squared error on these samples."""
    return _HeldOutError(x, y)


def scaled_norm(place: tuple[int | str, ...], factor: float) -> Monitor:
    """A monitor `scaled_norm` of the matrix at `place` in the parameters, times `factor`."""
    return _ScaledNorm(place, factor)


def _at(tree: Params, place: tuple[int | str, ...]) -> Float[Array, "a b"]:
    for key in place:
        tree = tree[key]
    return tree


def largest_singular_value(matrix: Float[Array, "a b"], steps: int = 80) -> Float[Array, ""]:
    r"""$\|A\|_2$ by Lanczos bidiagonalisation with full reorthogonalisation, from below.

    For a Gaussian matrix, whose largest singular values lie close together, 80 steps give ten
    digits at sizes up to some thousands.

    Args:
        matrix: $A$.
        steps: of the process, at most the smaller size.

    Cost:
        Two products with a vector per step, and $2(a + b)s^2$ operations to reorthogonalise.
    """
    rows, columns = matrix.shape
    steps = min(steps, rows, columns)
    start = jax.random.normal(jax.random.key(0), (columns,), matrix.dtype)
    right = jnp.zeros((steps + 1, columns), matrix.dtype).at[0].set(start / jnp.linalg.norm(start))
    left = jnp.zeros((steps, rows), matrix.dtype)
    diagonal, above = jnp.zeros((steps,), matrix.dtype), jnp.zeros((steps,), matrix.dtype)

    def body(k: Array, state: tuple) -> tuple:
        left, right, diagonal, above = state
        u = _orthogonal(matrix @ right[k], left)
        alpha = jnp.linalg.norm(u)
        left = left.at[k].set(u / jnp.where(alpha > 0, alpha, 1.0))
        v = _orthogonal(left[k] @ matrix, right)
        beta = jnp.linalg.norm(v)
        right = right.at[k + 1].set(v / jnp.where(beta > 0, beta, 1.0))
        return left, right, diagonal.at[k].set(alpha), above.at[k].set(beta)

    state = jax.lax.fori_loop(0, steps, body, (left, right, diagonal, above))
    small = jnp.diag(state[2]) + jnp.diag(state[3][:-1], 1)
    return jnp.linalg.svd(small, compute_uv=False)[0]


def _orthogonal(v: Float[Array, " a"], basis: Float[Array, "s a"]) -> Float[Array, " a"]:
    # Twice is enough.
    v = v - (basis @ v) @ basis
    return v - (basis @ v) @ basis
