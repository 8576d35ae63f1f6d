"""Convolutions and pooling, channels behind the examples as in PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from surefit.errors import InvalidInputError

__all__ = ["WINDOWS"]


def _convolution(
    x: Any,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Any:
    if transposed:
        raise _unknown("a transposed convolution", "Upsample and convolve instead.")
    space = weight.ndim - 2
    found = jax.lax.conv_general_dilated(
        x,
        weight,
        tuple(_each(stride, space)),
        [(p, p) for p in _each(padding, space)],
        rhs_dilation=tuple(_each(dilation, space)),
        feature_group_count=groups,
    )
    return found if bias is None else found + bias.reshape(1, -1, *(1,) * space)


def _each(values: Sequence[int], space: int) -> list[int]:
    """One number per axis; a single one counts for all."""
    values = list(values)
    return values * space if len(values) == 1 else values


def _windows(
    x: Any, size: Any, stride: Any, padding: Any, dilation: Any = (1,)
) -> tuple[tuple, tuple, tuple, tuple]:
    space = len(size)
    ahead = x.ndim - space
    stride = _each(stride or size, space)
    pads = [(0, 0)] * ahead + [(p, p) for p in _each(padding, space)]
    ones = (1,) * ahead
    return (*ones, *size), (*ones, *stride), tuple(pads), (*ones, *_each(dilation, space))


def _max_pool(
    x: Any,
    size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0, 0),
    dilation: Sequence[int] = (1, 1),
    ceil_mode: bool = False,
) -> tuple[Any, None]:
    _require_floor(ceil_mode)
    window, strides, pads, spread = _windows(x, _each(size, 2), stride, padding, dilation)
    low = np.array(-np.inf, x.dtype)
    found = jax.lax.reduce_window(x, low, jax.lax.max, window, strides, pads,
                                  window_dilation=spread)  # fmt: skip
    return found, None


def _average_pool(
    x: Any,
    size: Sequence[int],
    stride: Sequence[int] = (),
    padding: Sequence[int] = (0, 0),
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Any:
    _require_floor(ceil_mode)
    window, strides, pads, _ = _windows(x, _each(size, 2), stride, padding)
    zero = np.array(0.0, x.dtype)

    def total(values: Any) -> Any:
        return jax.lax.reduce_window(values, zero, jax.lax.add, window, strides, pads)

    if divisor_override or count_include_pad:
        return total(x) / (divisor_override or int(np.prod(window)))
    return total(x) / total(jnp.ones_like(x))


def _adaptive_average_pool(x: Any, size: Sequence[int]) -> Any:
    space = x.shape[-len(size) :]
    if any(have % want for have, want in zip(space, size, strict=True)):
        raise _unknown(
            f"adaptive pooling from {tuple(space)} to {tuple(size)}",
            "Choose output sizes that divide the input's.",
        )
    steps = [have // want for have, want in zip(space, size, strict=True)]
    return _average_pool(x, steps, steps)


def _require_floor(ceil_mode: bool) -> None:
    if ceil_mode:
        raise _unknown("pooling with ceil_mode", "Pad the input, and leave ceil_mode out.")


def _unknown(what: str, instead: str) -> InvalidInputError:
    return InvalidInputError(
        "`as_jax(module=...)` must use operations that are known here. Got "
        f"{what}. The graph is run operation by operation in JAX. {instead}"
    )


WINDOWS: dict[str, Callable[..., Any]] = {
    "convolution": _convolution,
    "max_pool2d_with_indices": _max_pool,
    "avg_pool2d": _average_pool,
    "_adaptive_avg_pool2d": _adaptive_average_pool,
}
