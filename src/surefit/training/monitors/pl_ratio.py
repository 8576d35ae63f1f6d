"""The ratio in the Polyak-Lojasiewicz inequality."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.tree import dot
from surefit.training.monitor import Monitor
from surefit.training.view import View

__all__ = ["PlRatio"]


@dataclasses.dataclass(frozen=True)
class PlRatio(Monitor):
    r"""The Polyak-Lojasiewicz ratio; where it stays above zero the rate is linear.

    $\|\nabla L\|^2 / (2(L - \min L))$, which for half the squared residual is a Rayleigh quotient
    of the Gram matrix. NaN where the loss is at its minimum.

    References:
        Karimi, Nutini, Schmidt (2016), inequality (3); Liu, Zhu, Belkin (2022), Definition 3.
    """

    title = "Polyak-Lojasiewicz ratio"
    standard = True

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        r"""$\mu$ such that the inequality holds here with equality."""
        gap = view.loss - view.problem.loss.minimum
        ratio = dot(view.gradient, view.gradient) / (2.0 * jnp.where(gap > 0.0, gap, 1.0))
        return jnp.where(gap > 0.0, ratio, jnp.nan)
