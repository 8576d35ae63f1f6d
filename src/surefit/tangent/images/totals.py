"""From images of covariances to the covariance of what images become: vectors."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from surefit.tangent.images.evaluate import Source, evaluate
from surefit.tangent.images.pairs import Pairs
from surefit.tangent.images.plan import Plan
from surefit.tangent.images.shifts import Reached, Shift, all_shifts, partners

__all__ = ["inputs", "total"]


def inputs(
    plan: Plan,
    space: tuple[int, ...],
    row: Float[Array, "channels ..."],
    columns: Float[Array, "channels ..."],
) -> Source:
    """Covariances of raw images per channel: of one (channels, *space, 1 or b), and of b others."""
    channels = row.shape[0]
    reached = Reached(columns, space, plan.ring, plan.shifted)

    def source(shift: Shift) -> tuple[Array, None]:
        seen = reached.at(shift)
        if channels <= 4:
            return sum(row[k] * seen[k] for k in range(channels)) / channels, None
        return jnp.sum(row * seen, axis=0) / channels, None

    return source


def total(
    plan: Plan, source: Source, pairs: Pairs, tangent: bool
) -> tuple[Float[Array, "b"], Float[Array, "b"]]:
    """Means over positions of the covariances and of the tangent kernel of every pair.

    Args:
        plan: the steps.
        source: the covariances of the inputs at any shift.
        pairs: of which images.
        tangent: whether the tangent kernel is wanted; if not, zeros.

    Cost: the steps once, or where everything is averaged as often as there are shifts.
    """
    axes = tuple(range(len(plan.space)))
    positions = math.prod(plan.space)

    def means(shift: Shift) -> tuple[Array, Array]:
        c, t = evaluate(plan.operations, source, shift, pairs)
        t = jnp.zeros_like(c) if t is None or not tangent else t
        if shift is not None and not plan.ring:
            for axis in axes:
                inside = partners(shift, plan.space, axis).astype(c.dtype)
                inside = inside.reshape([-1 if k == axis else 1 for k in range(c.ndim)])
                c, t = c * inside, t * inside
        return jnp.mean(c, axes), jnp.mean(t, axes)

    if not plan.everywhere:
        return means(None)
    if pairs.meeting:
        means(None)  # Variances must be met before they are needed inside the loop.
    counts, first = all_shifts(plan.space, plan.ring)

    def add(number: Int[Array, ""], so_far: tuple[Array, Array]) -> tuple[Array, Array]:
        steps = jnp.unravel_index(number, counts)
        shift = tuple(step + begin for step, begin in zip(steps, first, strict=True))
        return tuple(a + b for a, b in zip(so_far, means(shift), strict=True))

    b = source(None)[0].shape[-1]
    start = (jnp.zeros(b, source(None)[0].dtype),) * 2
    sums = jax.lax.fori_loop(jnp.int32(0), jnp.int32(math.prod(counts)), add, start)
    return sums[0] / positions, sums[1] / positions
