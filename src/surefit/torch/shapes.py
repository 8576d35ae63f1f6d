"""Operations that move entries without computing with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp

__all__ = ["SHAPES"]

_END = 2**63 - 1


def _expand(x: Any, size: Any, implicit: bool = False) -> Any:
    ahead = len(size) - x.ndim
    shape = [x.shape[i - ahead] if s == -1 else s for i, s in enumerate(size)]
    return jnp.broadcast_to(x, shape)


def _slice(x: Any, dim: int = 0, start: Any = None, end: Any = None, step: int = 1) -> Any:
    index = [slice(None)] * x.ndim
    index[dim] = slice(start, None if end is None or end == _END else end, step)
    return x[tuple(index)]


def _squeeze(x: Any, dim: Any = None) -> Any:
    if dim is None:
        return jnp.squeeze(x)
    axes = dim if isinstance(dim, list | tuple) else [dim]
    return jnp.squeeze(x, axis=tuple(axis for axis in axes if x.shape[axis] == 1))


def _split(x: Any, sizes: Any, dim: int = 0) -> list[Any]:
    places, at = [], 0
    for size in sizes[:-1]:
        at += size
        places.append(at)
    return jnp.split(x, places, axis=dim)


def _pad(x: Any, pad: Any, value: float = 0.0) -> Any:
    widths = [(0, 0)] * x.ndim
    for i in range(len(pad) // 2):
        widths[x.ndim - 1 - i] = (pad[2 * i], pad[2 * i + 1])
    return jnp.pad(x, widths, constant_values=value)


def _full(size: Any, value: Any, **_: Any) -> Any:
    return jnp.full(tuple(size), value)


SHAPES: dict[str, Callable[..., Any]] = {
    "view": lambda x, size: x.reshape(size),
    "reshape": lambda x, size: x.reshape(size),
    "_unsafe_view": lambda x, size: x.reshape(size),
    "permute": jnp.transpose,
    "t": jnp.transpose,
    "transpose": jnp.swapaxes,
    "expand": _expand,
    "unsqueeze": jnp.expand_dims,
    "squeeze": _squeeze,
    "select": lambda x, dim, index: jnp.take(x, index, axis=dim),
    "slice": _slice,
    "cat": lambda tensors, dim=0: jnp.concatenate(tensors, axis=dim),
    "split_with_sizes": _split,
    "constant_pad_nd": _pad,
    "full": _full,
    "sym_size": lambda x, dim: x.shape[dim],
}
