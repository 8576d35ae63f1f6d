"""Parameters that belong to another network, told apart in words."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from surefit.core.layer import Layer, Params, Shape
from surefit.errors import InvalidInputError, SurefitError

__all__ = ["explained", "require_params"]


def require_params(call: str, network: Layer, params: Params, input_shape: Shape) -> None:
    """Refuse parameters that are not shaped as those that `network.init` makes.

    Args:
        call: the function that was called.
        network: the network.
        params: what was given.
        input_shape: of one example.

    Raises:
        InvalidInputError: the shapes differ.

    Cost: traces `init`, computes nothing.
    """
    wanted = jax.eval_shape(lambda: network.init(jax.random.key(0), input_shape))
    # A leaf that cannot have a shape is its own description.
    given = jax.tree.map(_shape, params, is_leaf=lambda leaf: leaf is None)
    shapes = jax.tree.map(lambda leaf: leaf.shape, wanted)
    if given != shapes:
        raise InvalidInputError(
            f"`{call}(params=...)` must be parameters of the network. Got leaves of shapes "
            f"{_leaves(given)} where the network has {_leaves(shapes)}. They belong together. Take "
            "them from `problem.init(seed)` or `network.init(key, shape)`."
        )


@contextlib.contextmanager
def explained(call: str, network: Layer, params: Params, input_shape: Shape) -> Iterator[None]:
    """Where the computation fails because the parameters do not fit, say so.

    Nothing is looked at until something fails, so that calls in compiled code cost nothing.

    Raises:
        InvalidInputError: the parameters are not those of the network.
    """
    try:
        yield
    except SurefitError:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as cause:
        try:
            require_params(call, network, params, input_shape)
        except InvalidInputError as found:
            raise found from cause
        raise


def _shape(leaf: Any) -> Any:
    try:
        return jnp.shape(leaf)
    except TypeError:
        return type(leaf).__name__


def _leaves(shapes: Any) -> list[Any]:
    def is_shape(thing: Any) -> bool:
        return isinstance(thing, tuple) and all(isinstance(i, int) for i in thing)

    return jax.tree.leaves(shapes, is_leaf=is_shape)
