"""From what users write to a `Subject`, with every misuse refused in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Layer
from surefit.core.tree import leaf_names
from surefit.diagnosis.losses import as_loss, as_targets
from surefit.diagnosis.moving import require_finite_leaves, split
from surefit.diagnosis.networks import brought, parameters_now
from surefit.diagnosis.numbers import as_double, unit_of
from surefit.diagnosis.subject import Subject
from surefit.diagnosis.tracing import require_per_example, traced
from surefit.errors import InvalidInputError

__all__ = ["like", "prepare"]

# One example may go another way through a compiler than the batch does.
_SAME = {True: 1e-8, False: 1e-3}


def prepare(
    call: str, network: Any, params: Any, x: Any, y: Any, loss: Any, trainable: Any
) -> Subject:
    """Check everything and bring it to one form, in float64 where the function allows it.

    Raises:
        InvalidInputError: see `surefit.diagnose`.
    """
    loss = as_loss(call, loss)
    x = _inputs(call, x)
    network, params = brought(call, network, params, x)
    function, moving, fixed = split(call, network, params, trainable)
    unit = unit_of(function, as_double(moving), _double(x))
    double = unit <= float(np.finfo(np.float64).eps)
    if double:
        moving, x = as_double(moving), _double(x)
    moving, x = jax.tree.map(jnp.asarray, moving), jnp.asarray(x)
    shape = traced(call, function, moving, x).shape
    targets, labels = as_targets(call, y, shape, loss)
    subject = Subject(
        network=_network(network, function),
        params=_whole(network, params, moving) if isinstance(network, Layer) else moving,
        moving=moving,
        apply=_as_matrix(function),
        fixed=fixed,
        x=x,
        y=jnp.asarray(targets),
        labels=labels,
        loss=loss,
        unit=unit,
    )
    require_per_example(call, subject.apply, moving, x, _SAME[double])
    return subject


def like(call: str, name: str, subject: Subject, original: Any, params: Any) -> Any:
    """Other moving parameters in the form of the subject's.

    Args:
        call: the function that was called, for messages.
        name: of the argument.
        subject: at the start.
        original: the parameters at the start, as they were given.
        params: the others.

    Raises:
        InvalidInputError: another structure, other shapes, or not finite.
    """
    params = parameters_now(params)
    if isinstance(subject.network, Layer):
        moving, _ = eqx.partition(params, subject.network.trainable(subject.params))
    else:
        moving = _matching(subject, original, params)
    leaves, expected = jax.tree.leaves(moving), jax.tree.leaves(subject.moving)
    same = jax.tree.structure(moving) == jax.tree.structure(subject.moving)
    if not same or any(np.shape(a) != b.shape for a, b in zip(leaves, expected, strict=True)):
        raise InvalidInputError(
            f"`{call}({name}=...)` must have the structure and shapes of the parameters at the "
            f"start. Got {len(leaves)} arrays where there are {len(expected)}, or other shapes. "
            "Both are weights of one network, before and after. Pass the pytree that your "
            "training returned."
        )
    moving = jax.tree.map(lambda new, old: jnp.asarray(new, old.dtype), moving, subject.moving)
    require_finite_leaves(call, name, moving)
    return moving


def _matching(subject: Subject, original: Any, params: Any) -> Any:
    """The leaves of `params` where those of the start move."""
    if not isinstance(params, eqx.Module) and jax.tree.structure(params) == jax.tree.structure(
        subject.moving
    ):
        return params
    if jax.tree.structure(params) != jax.tree.structure(original):
        return params
    names = set(subject.parts())
    kept = [
        leaf if name in names else None
        for name, leaf in zip(leaf_names(params), jax.tree.leaves(params), strict=True)
    ]
    return jax.tree.unflatten(jax.tree.structure(params), kept)


def _inputs(call: str, x: Any) -> Any:
    x = np.asarray(x)
    if not (np.issubdtype(x.dtype, np.number) or x.dtype == bool):
        raise InvalidInputError(
            f"`{call}(x=...)` must be an array of numbers. Got dtype {x.dtype}. The network is "
            "called with it. Code categories as numbers first."
        )
    if x.ndim == 0 or not x.size:
        raise InvalidInputError(
            f"`{call}(x=...)` must hold at least one example along its first axis. Got shape "
            f"{x.shape}. One example is one row; write `x[None]` for a single one."
        )
    if np.issubdtype(x.dtype, np.inexact):
        bad = np.flatnonzero(~np.isfinite(x.reshape(len(x), -1)).all(axis=1))
        if bad.size:
            raise InvalidInputError(
                f"`{call}(x=...)` must be finite. Got NaN or infinity in rows {bad[:10].tolist()}"
                f"{' and more' if bad.size > 10 else ''}. The outputs would be NaN there. Remove "
                "these rows, or fill in what is missing."
            )
    return x


def _double(x: np.ndarray) -> np.ndarray:
    return x.astype(np.float64) if np.issubdtype(x.dtype, np.floating) else x


def _network(network: Any, function: Callable) -> Any:
    return network if isinstance(network, Layer) else _as_matrix(function)


def _whole(network: Layer, params: Any, moving: Any) -> Any:
    _, fixed = eqx.partition(params, network.trainable(params))
    return eqx.combine(moving, as_double(fixed))


def _as_matrix(function: Callable) -> Callable:
    """Outputs of any shape as (n, k)."""
    return lambda part, x: function(part, x).reshape(len(x), -1)
