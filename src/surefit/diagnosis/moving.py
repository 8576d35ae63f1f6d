"""Which parameters move: found in any pytree, or as the user says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Layer
from surefit.core.tree import leaf_names
from surefit.errors import InvalidInputError

__all__ = ["require_finite_leaves", "split"]


def split(
    call: str, network: Layer | Callable, params: Any, trainable: Any
) -> tuple[Callable, Any, tuple[str, ...]]:
    """The network as a function of what moves, what moves, and the names of what does not.

    Args:
        call: the function that was called, for messages.
        network: a layer, which says itself what moves, or a function.
        params: its parameters.
        trainable: a pytree of booleans; None: all floating arrays move.

    Raises:
        InvalidInputError: nothing moves, or what moves is not floating or not finite.
    """
    if isinstance(network, Layer):
        if trainable is not None:
            raise InvalidInputError(
                f"`{call}(trainable=...)` must be None with a layer. Got "
                f"{type(trainable).__name__}. Layers say themselves what moves. Write "
                "`trained=False` in the layer."
            )
        moving, fixed = eqx.partition(params, network.trainable(params))
        apply = network.apply
    else:
        moving, fixed = _partition(call, params, trainable)
        apply = network
    if not jax.tree.leaves(moving):
        raise InvalidInputError(
            f"`{call}(params=...)` must hold at least one floating array that moves. Got "
            f"{type(params).__name__} with {len(jax.tree.leaves(params))} leaves and none. Without "
            "trained parameters there is no tangent kernel. Pass the weights as the second "
            "argument, as floating arrays."
        )
    require_finite_leaves(call, "params", moving)
    names = [n for n, leaf in zip(leaf_names(fixed), jax.tree.leaves(fixed), strict=True)
             if eqx.is_array(leaf)]  # fmt: skip
    return lambda part, x: apply(eqx.combine(part, fixed), x), moving, tuple(names)


def _partition(call: str, params: Any, trainable: Any) -> tuple[Any, Any]:
    try:
        marked = params if trainable is None else eqx.filter(params, trainable)
    except (TypeError, ValueError) as cause:
        raise InvalidInputError(
            f"`{call}(trainable=...)` must be a pytree of booleans in the form of the parameters, "
            f"or of a part of it. Got {trainable!r}. It says which parameters move. Write for "
            'example {"params": True, "batch_stats": False}.'
        ) from cause
    arrays = eqx.filter(marked, eqx.is_array)
    for name, leaf in zip(leaf_names(arrays), jax.tree.leaves(arrays), strict=True):
        if jax.dtypes.issubdtype(leaf.dtype, jax.dtypes.extended):
            continue  # keys of random numbers
        if not np.issubdtype(leaf.dtype, np.floating) and leaf.dtype.kind != "V":
            raise InvalidInputError(
                f"`{call}(params=...)` must be floating arrays where they move. Got {leaf.dtype} "
                f"at {name!r}. Descent moves numbers by less than one, along one real gradient. "
                f"Cast it to float, or mark it as fixed with `trainable=`."
            )
    moving = eqx.filter(marked, eqx.is_inexact_array)
    names, leaves = set(leaf_names(moving)), jax.tree.leaves(params)
    rest = [
        None if name in names else leaf
        for name, leaf in zip(leaf_names(params), leaves, strict=True)
    ]
    return moving, jax.tree.unflatten(jax.tree.structure(params), rest)


def require_finite_leaves(call: str, argument: str, moving: Any) -> None:
    """Refuse weights that are not finite, by name.

    Raises:
        InvalidInputError: a number is not finite.
    """
    for name, leaf in zip(leaf_names(moving), jax.tree.leaves(moving), strict=True):
        if not bool(jnp.isfinite(jnp.asarray(leaf)).all()):
            raise InvalidInputError(
                f"`{call}({argument}=...)` must be finite. Got NaN or infinity in {name!r}. "
                "Training has diverged, or the file was damaged. Use earlier weights, which are "
                "finite."
            )
