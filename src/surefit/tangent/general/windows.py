"""What every window of a convolution sees, for any strides, paddings and dilations."""

from __future__ import annotations

import itertools
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

__all__ = ["seen_by_windows"]


def seen_by_windows(
    x: Float[Array, "..."], kernel_shape: tuple[int, ...], params: dict[str, Any]
) -> Float[Array, "n g p d"]:
    """Patches of the input of `conv_general_dilated`, positions of the window before channels.

    Args:
        x: the input of the convolution.
        kernel_shape: (features, channels per group, *window).
        params: of the operation.

    Returns:
        For every example, group of channels and window.
    """
    spec, groups = params["dimension_numbers"].lhs_spec, params["feature_group_count"]
    x = jnp.transpose(x, (spec[0], *spec[2:], spec[1]))
    pads = [(0, 0, 0)]
    for (low, high), dilation in zip(params["padding"], params["lhs_dilation"], strict=True):
        pads.append((low, high, dilation - 1))
    # Negative paddings crop, as those of the convolution do.
    x = jax.lax.pad(x, jnp.zeros((), x.dtype), [*pads, (0, 0, 0)])
    window, strides, spread = kernel_shape[2:], params["window_strides"], params["rhs_dilation"]
    counts = [
        (size - (w - 1) * r - 1) // s + 1
        for size, w, s, r in zip(x.shape[1:-1], window, strides, spread, strict=True)
    ]
    pieces = []
    for offset in itertools.product(*map(range, window)):
        starts = [o * r for o, r in zip(offset, spread, strict=True)]
        stops = [a + (c - 1) * s + 1 for a, c, s in zip(starts, counts, strides, strict=True)]
        begin, end = (0, *starts, 0), (x.shape[0], *stops, x.shape[-1])
        pieces.append(jax.lax.slice(x, begin, end, (1, *strides, 1)))
    patches = jnp.stack(pieces, axis=-2)
    patches = patches.reshape(x.shape[0], -1, len(pieces), groups, x.shape[-1] // groups)
    patches = jnp.transpose(patches, (0, 3, 1, 2, 4))
    return patches.reshape(*patches.shape[:3], -1)
