"""Whether the targets of a problem are classes, and how many samples are classified correctly."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.problem import Problem

__all__ = ["classes_obstacle", "share_correct"]


def classes_obstacle(problem: Problem) -> str | None:
    """Why the targets are no classes; None if they are: two values, or one-hot rows."""
    y = np.asarray(problem.y)
    values, counts = np.unique(y, return_counts=True)
    # n entries of the larger value, not two in one row: exactly one per row.
    one_hot = y.shape[1] == 1 or (
        counts[-1] == len(y) and bool((y.max(axis=1) == values[-1]).all())
    )
    if len(values) == 2 and one_hot:
        return None
    return (
        "The targets are no classes: a classification problem has one column with two values, "
        "or one-hot rows. Watch `squared_residual` instead."
    )


def share_correct(
    f: Float[Array, "n k"] | Float[np.ndarray, "n k"],
    y: Float[Array, "n k"] | Float[np.ndarray, "n k"],
) -> Float[Array, ""]:
    """The share of samples whose outputs `f` say the class of the targets `y`.

    One output with two different target values: the output lies on the target's side of the middle
    between them. Several outputs with one-hot targets, centred or not: the target's output is the
    largest. A tie is a mistake.
    """
    f, y = jnp.asarray(f), jnp.asarray(y)
    if y.shape[1] == 1:
        middle = (jnp.min(y) + jnp.max(y)) / 2.0
        right = ((f - middle) * (y - middle) > 0.0)[:, 0]
    else:
        target = jnp.argmax(y, axis=1)[:, None]
        own = jnp.take_along_axis(f, target, axis=1)
        rivals = jnp.where(jnp.arange(y.shape[1])[None, :] == target, -jnp.inf, f)
        right = own[:, 0] > jnp.max(rivals, axis=1)
    return jnp.mean(right, dtype=f.dtype)
