"""How much the map contracts on the data: measured, not proved."""

from __future__ import annotations

import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.check import Check, Evidence, Sense
from surefit.core.precision import float64
from surefit.implicit.solver import Elementwise

__all__ = ["measured_contraction", "successive_ratios"]

STEPS = 24


@functools.partial(jax.jit, static_argnums=(0, 3))
def successive_ratios(
    activation: Elementwise,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
    steps: int = STEPS,
) -> Float[Array, "steps n"]:
    r"""$\|h_{k+1} - h_k\|/\|h_k - h_{k-1}\|$ along Picard iteration from $h_0 = 0$.

    Each is a lower bound of the Lipschitz constant of $h \mapsto \phi(Wh + x)$; later ones tend to
    the spectral radius of $\operatorname{diag}\phi'(g)\,W$ at the equilibrium. NaN once the
    differences are so small that their ratios are rounding.

    Args:
        activation: $\phi$.
        weights: $W$.
        x: the input of every sample.
        steps: how many ratios.

    Cost: one product of an $n \times m$ with an $m \times m$ matrix per step.
    """
    floor = math.sqrt(jnp.finfo(x.dtype).eps)

    def body(now: tuple[Array, Array], _: None) -> tuple[tuple[Array, Array], Array]:
        h, gap = now
        new = activation(h @ weights.T + x)
        after = jnp.linalg.norm(new - h, axis=1)
        meaningful = gap > floor * jnp.linalg.norm(h, axis=1)
        return (new, after), jnp.where(meaningful, after / jnp.where(meaningful, gap, 1.0), jnp.nan)

    first = activation(x)
    begin = (first, jnp.linalg.norm(first, axis=1))
    return jax.lax.scan(body, begin, None, length=steps)[1]


@float64
def measured_contraction(
    weights: Float[np.ndarray, "m m"], activation: Elementwise, x: Float[np.ndarray, "n m"]
) -> Check:
    r"""The largest ratio of successive residuals of Picard iteration on the data, below 1.

    Evidence "sampled": the map contracted between all pairs of states that were seen. It is a lower
    bound of the modulus in a neighbourhood, and never above $L_\phi\|W\|_2$ except by rounding.

    Args:
        weights: $W$ as the state sees it.
        activation: $\phi$.
        x: the input of every sample, as it reaches the equilibrium.

    Cost: 24 products of an $n \times m$ with an $m \times m$ matrix.
    """
    ratios = np.asarray(successive_ratios(activation, jnp.asarray(weights), jnp.asarray(x)))
    ratios = np.where(np.isnan(ratios), 0.0, ratios)
    step, row = np.unravel_index(int(np.argmax(ratios)), ratios.shape)
    note = (
        f"largest in row {row}, step {step + 1} of {len(ratios)}; seen on these inputs only, "
        "a lower bound of the contraction modulus"
    )
    value = float(ratios[step, row])
    return Check(
        "measured contraction", value, 1.0, Sense.LESS, evidence=Evidence.SAMPLED, note=note
    )
