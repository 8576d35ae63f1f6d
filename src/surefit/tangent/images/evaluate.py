"""The steps of a plan, for images of covariances at any shift.

A step asks the one before for the images that it needs: at its own shift, at a multiple of it where
windows have strides, at several neighbouring ones where it pools. So only images of one shift
exist at a time, and no array over pairs of positions.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.tangent.images.operations import (
    Add,
    Lift,
    Nonlinear,
    Normalised,
    Operation,
    Pool,
    Skip,
    WindowMean,
)
from surefit.tangent.images.pairs import Pairs
from surefit.tangent.images.shifts import Shift, beneath, partners, seen
from surefit.tangent.images.sums import axis_sum

__all__ = ["Source", "State", "evaluate"]

# Covariances and tangent kernels, images (*space, b) of b pairs; None: no tangent kernel yet.
State: TypeAlias = tuple[Float[Array, "..."], Float[Array, "..."] | None]
Source: TypeAlias = Callable[[Shift], State]


def evaluate(
    operations: tuple[Operation, ...], source: Source, shift: Shift, pairs: Pairs
) -> State:
    """The state behind the operations at one shift.

    Args:
        operations: the steps.
        source: the state in front of them at any shift.
        shift: where the state is wanted.
        pairs: of which images.
    """
    if not operations:
        return source(shift)
    *before, last = operations

    def inner(at: Shift) -> State:
        return evaluate(tuple(before), source, at, pairs)

    return _step(last, inner, shift, pairs)


@functools.singledispatch
def _step(op: Operation, inner: Source, shift: Shift, pairs: Pairs) -> State:
    raise NotImplementedError(type(op).__name__)


@_step.register
def _(op: WindowMean, inner: Source, shift: Shift, pairs: Pairs) -> State:
    at = beneath(op.windows, shift, None, pairs.ring)
    c, t = inner(at)
    weights = [
        seen(op.windows, shift, axis) if pairs.ring and shift is not None else None
        for axis in range(len(op.windows.space))
    ]
    state = (c,) if t is None else (c, t)
    if not pairs.ring:
        state = _with_partners(state, at, op.windows.space)
    # Every mean is a sum per axis; what belongs to all axes is multiplied by behind the last.
    state = _sums(op, state, weights, pairs)
    count = op.windows.count
    joint = jnp.ones((), c.dtype)
    if not op.shared and shift is not None:
        joint = _is_zero(shift).astype(c.dtype)

    def finish(c: Array, *rest: Array) -> tuple[Array, ...]:
        own = (op.own / count) * c + op.own_bias
        found = ((op.gain / count) * c + op.shift) * joint
        if rest:
            return found, ((op.gain / count) * rest[0] + own) * joint
        return (found, own * joint) if op.own or op.own_bias else (found,)

    found = pairs.stage(finish, *state)
    return found[0], found[1] if len(found) > 1 else None


def _sums(op: WindowMean | Pool, state: tuple, weights: list, pairs: Pairs) -> tuple[Array, ...]:
    for axis, weight in enumerate(weights):
        if (op.windows.sizes[axis], op.windows.strides[axis]) == (1, 1):
            continue

        def along(*arrays: Array, axis: int = axis, weight: Array | None = weight) -> tuple:
            kind = None if weight is None else weight.astype(arrays[0].dtype)
            return tuple(axis_sum(v, op.windows, axis, kind) for v in arrays)

        state = pairs.stage(along, *state)
    return state


@_step.register
def _(op: Pool, inner: Source, shift: Shift, pairs: Pairs) -> State:
    if pairs.meeting:
        inner(None)  # Variances must be met before they are needed inside the loop.
    reach = tuple(2 * w - 1 for w in op.windows.sizes)
    rank = len(reach)

    def image(number: Array) -> tuple[Array, ...]:
        between = tuple(
            e - (w - 1)
            for e, w in zip(jnp.unravel_index(number, reach), op.windows.sizes, strict=True)
        )
        at = beneath(op.windows, shift, between, pairs.ring)
        c, t = inner(at)
        state = (c,) if t is None else (c, t)
        if not pairs.ring:
            state = _with_partners(state, at, op.windows.space)
        weights = []
        for axis in range(rank):
            w = op.windows.sizes[axis]
            other = jnp.arange(w, dtype=jnp.int32) + between[axis]
            inside = ((other >= 0) & (other < w))[:, None]
            weights.append(jnp.broadcast_to(inside, (w, op.windows.output[axis])))
        # Windows of a single position must be summed too, for their strides.
        return tuple(v / op.windows.count**2 for v in _sums(op, state, weights, pairs))

    shapes = jax.eval_shape(image, jnp.int32(0))
    start = tuple(jnp.zeros(v.shape, v.dtype) for v in shapes)

    def body(number: Array, total: tuple) -> tuple[Array, ...]:
        return tuple(a + b for a, b in zip(total, image(number), strict=True))

    total = jax.lax.fori_loop(jnp.int32(0), jnp.int32(math.prod(reach)), body, start)
    return total[0], total[1] if len(total) > 1 else None


@_step.register
def _(op: Nonlinear, inner: Source, shift: Shift, pairs: Pairs) -> State:
    c, t = inner(shift)
    pairs.meet(op, c, shift)

    def act(c: Array, *rest: Array) -> tuple[Array, ...]:
        dual, slope = pairs.activate(op, c, shift)
        return (dual, rest[0] * slope) if rest else (dual,)

    found = pairs.stage(act, *((c,) if t is None else (c, t)))
    return found[0], found[1] if len(found) > 1 else None


@_step.register
def _(op: Normalised, inner: Source, shift: Shift, pairs: Pairs) -> State:
    c, t = inner(shift)
    pairs.meet(op, c, shift)
    factor = pairs.normaliser(op, shift)
    return c * factor, None if t is None else t * factor


@_step.register
def _(op: Lift, inner: Source, shift: Shift, pairs: Pairs) -> State:
    c, t = inner(shift)
    if t is None:
        return c + op.variance, jnp.full_like(c, op.own) if op.own else None
    return c + op.variance, t + op.own


@_step.register
def _(op: Skip, inner: Source, shift: Shift, pairs: Pairs) -> State:
    state = inner(shift)
    branch = evaluate(op.branch, _remembering(inner, shift, state), shift, pairs)
    scaled = op.square * branch[0], None if branch[1] is None else op.square * branch[1]
    return _plus(state, scaled)


@_step.register
def _(op: Add, inner: Source, shift: Shift, pairs: Pairs) -> State:
    again = _remembering(inner, shift, inner(shift))
    return functools.reduce(_plus, (evaluate(b, again, shift, pairs) for b in op.branches))


def _remembering(inner: Source, shift: Shift, state: State) -> Source:
    return lambda at: state if at is shift else inner(at)


def _plus(a: State, b: State) -> State:
    parts = [t for t in (a[1], b[1]) if t is not None]
    return a[0] + b[0], functools.reduce(jnp.add, parts) if parts else None


def _is_zero(shift: Shift) -> Array:
    return functools.reduce(jnp.logical_and, (d == 0 for d in shift))


def _with_partners(state: tuple, shift: Shift, space: tuple[int, ...]) -> tuple[Array, ...]:
    """Off the ring: zero where a position has no partner."""
    if shift is None:
        return state
    for axis in range(len(space)):
        inside = partners(shift, space, axis).astype(state[0].dtype)
        inside = inside.reshape([-1 if k == axis else 1 for k in range(state[0].ndim)])
        state = tuple(v * inside for v in state)
    return state
