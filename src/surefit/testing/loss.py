"""What every loss must satisfy."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.precision import float64
from surefit.losses import Loss
from surefit.testing.claims import claim, claim_close, claim_value_semantics

__all__ = ["check_loss"]


@float64
def check_loss(loss: Loss, y: Any | None = None) -> None:
    r"""The conformance suite of losses.

    The gradient against differentiation and finite differences; the least value; the smoothness
    and the Polyak-Lojasiewicz constant valid, and attained by multiples of the squared residual.

    Args:
        loss: what to check.
        y: targets (n, k) that the loss is made for; None: random ones of its coding.

    Raises:
        AssertionError: naming the property that fails.

    Example:
        >>> import surefit as sf
        >>> from surefit.testing import check_loss
        >>> check_loss(sf.HalfSquared())
    """
    claim_value_semantics(loss)
    rng = np.random.default_rng(11)
    batches = _targets(loss, rng) if y is None else [np.asarray(y)]
    for batch in batches:
        targets = jnp.asarray(batch, jnp.float64)
        starts, ends = (jnp.asarray(3 * rng.normal(size=(20, *batch.shape))) for _ in range(2))
        _claim_gradient(loss, starts, targets)
        scale = loss.residual_scale(batch.shape[0])
        if scale is not None:
            _claim_square(loss, scale, starts, targets)
        _claim_constants(loss, starts, ends, targets)


def _targets(loss: Loss, rng: np.random.Generator) -> list[np.ndarray]:
    """Targets for two batches, of the coding that the loss is made for."""
    if loss.coding == "one_hot":
        return [np.eye(3)[rng.integers(3, size=6)], np.eye(2)[rng.integers(2, size=4)]]
    if loss.coding == "plus_minus_one":
        return [rng.choice([-1.0, 1.0], size=(6, 2)), rng.choice([-1.0, 1.0], size=(3, 1))]
    return [rng.normal(size=(6, 2)), rng.normal(size=(3, 1))]


def _claim_gradient(loss: Loss, outputs: jax.Array, y: jax.Array) -> None:
    for at in outputs[:3]:
        value = loss(at, y)
        claim(loss, "the loss is a single number", value.shape == ())
        claim(loss, "the loss is at least `minimum`", value >= loss.minimum, f"Got {value}.")
        gradient = loss.output_gradient(at, y)
        scale = 1 + float(jnp.max(jnp.abs(gradient)))
        claim_close(loss, "`output_gradient` agrees with differentiation",
                    gradient, jax.grad(loss)(at, y), 1e-10 * scale)  # fmt: skip
        step = 1e-5
        along = jnp.cos(jnp.arange(at.size, dtype=at.dtype)).reshape(at.shape)
        change = (loss(at + step * along, y) - loss(at - step * along, y)) / (2 * step)
        claim_close(loss, "`output_gradient` agrees with finite differences",
                    jnp.sum(gradient * along), change, 1e-6 * scale)  # fmt: skip


def _claim_constants(loss: Loss, starts: jax.Array, ends: jax.Array, y: jax.Array) -> None:
    samples = y.shape[0]
    smoothness, pl = loss.smoothness(samples), loss.polyak_lojasiewicz(samples)
    square = loss.residual_scale(samples) is not None
    gradients = [jax.vmap(lambda f: loss.output_gradient(f, y))(at) for at in (starts, ends)]
    steepness = jnp.max(_norms(gradients[0] - gradients[1]) / _norms(starts - ends))
    claim(loss, "`smoothness` is valid", steepness <= smoothness * (1 + 1e-12),
          f"The gradient changes {float(steepness):.6g} times as fast as the outputs, claimed is "
          f"{smoothness:.6g}.")  # fmt: skip
    excess = jax.vmap(lambda f: loss(f, y))(starts) - loss.minimum
    dominance = jnp.min(_norms(gradients[0]) ** 2 / (2 * excess))
    claim(loss, "`polyak_lojasiewicz` is valid", dominance >= pl * (1 - 1e-12),
          f"The squared gradient is down to {float(dominance):.6g} times twice the excess loss, "
          f"claimed is {pl:.6g}.")  # fmt: skip
    if square:
        claim(loss, "`smoothness` is attained", steepness >= smoothness * (1 - 1e-9),
              f"{float(steepness):.6g} is the largest, claimed is {smoothness:.6g}.")  # fmt: skip
        claim(loss, "`polyak_lojasiewicz` is attained", dominance <= pl * (1 + 1e-9),
              f"{float(dominance):.6g} is the smallest, claimed is {pl:.6g}.")  # fmt: skip


def _claim_square(loss: Loss, scale: float, outputs: jax.Array, y: jax.Array) -> None:
    for at in outputs[:3]:
        expected = scale * jnp.sum((at - y) ** 2)
        claim_close(loss, "the loss is `residual_scale` times the squared residual norm",
                    loss(at, y), expected, 1e-12 * (1 + float(expected)))  # fmt: skip
    claim(loss, "`minimum` is attained at the targets", loss(y, y) == loss.minimum)


def _norms(batch: jax.Array) -> jax.Array:
    return jnp.sqrt(jnp.sum(batch**2, axis=(1, 2)))
