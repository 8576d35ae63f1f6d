"""Sizes of the parts of a network's gradients, without computing them."""

from __future__ import annotations

import math
from typing import Any

import jax
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.layers import Conv
from surefit.tangent.routes import Sizes
from surefit.tangent.walk import Recorder

__all__ = ["factored_flops", "layer_sizes"]


def layer_sizes(
    network: Layer, params: Params, x: Any, n2: int | None = None
) -> tuple[tuple[str, Sizes], ...]:
    """Names and sizes of the parts of a network that `factorises`, without computing them."""
    probe = Recorder()
    outputs = jax.eval_shape(lambda batch: probe.run(network, params, batch), x)
    found = []
    names = probe.names(params)
    for (layer, _), h, shape, name in zip(
        probe.layers, probe.inputs, probe.shapes, names, strict=True
    ):
        if not layer.trained:
            continue
        apart = isinstance(layer, Conv) and not layer.shared
        positions = math.prod(h.shape[1:-1])
        sizes = Sizes(
            outputs=outputs.shape[1],
            first=x.shape[0],
            second=x.shape[0] if n2 is None else n2,
            groups=positions if apart else 1,
            positions=1 if apart else positions,
            seen=h.shape[-1] + (layer.bias_std is not None),
            features=shape.shape[-1],
            itemsize=shape.dtype.itemsize,
        )
        found.append((name, sizes))
    return tuple(found)


def factored_flops(network: Layer, params: Params, x: Float[Array, "n ..."]) -> float:
    """Operations of `tangent_blocks` on one batch, of a network that `factorises`.

    Those of the backward passes are not counted.
    """
    return sum(sizes.cost().operations for _, sizes in layer_sizes(network, params, x))
