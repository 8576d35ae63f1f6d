"""How clearly the samples are classified."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.classes import classes_obstacle
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["Margin"]


@dataclasses.dataclass(frozen=True)
class Margin(Monitor):
    r"""The smallest margin of a sample: positive exactly if all of them are classified correctly.

    Several outputs: $\min_i(f_{i,y_i} - \max_{c\ne y_i}f_{i,c})$. One output with two different
    target values: the distance of $f_i$ from the middle between them, negative on the wrong side.
    """

    title = "smallest margin"

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The targets must be classes."""
        return classes_obstacle(problem)

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """The smallest over the samples."""
        f, y = view.outputs, view.problem.y
        if y.shape[1] == 1:
            middle = (jnp.min(y) + jnp.max(y)) / 2.0
            return jnp.min((f - middle) * jnp.sign(y - middle))
        target = jnp.argmax(y, axis=1)[:, None]
        own = jnp.take_along_axis(f, target, axis=1)
        rivals = jnp.where(jnp.arange(y.shape[1])[None, :] == target, -jnp.inf, f)
        return jnp.min(own[:, 0] - jnp.max(rivals, axis=1))
