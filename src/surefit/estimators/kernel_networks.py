"""The networks whose kernels estimators use."""

from __future__ import annotations

import math
from typing import Any

import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation, parse_activation
from surefit.core.layer import Layer
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.layers import Dense, Serial
from surefit.tangent import limit_kernel

__all__ = ["critical_std", "kernel_network"]


def kernel_network(
    network: Any,
    depth: int,
    activation: str | Activation,
    weight_std: float | None,
    bias_std: float,
) -> Layer:
    r"""`network` itself, or `depth` hidden layers of infinite width and a linear output.

    Args:
        network: a composition of layers; the other arguments are not used then. Widths mean
            nothing to a limit kernel.
        depth: number of hidden layers, at least 1.
        activation: a catalogue name such as `relu` or `leaky_relu(slope=0.1)`, or an activation.
        weight_std: $\sigma_w$; None: the one that keeps the variance of features of variance 1
            (`critical_std`).
        bias_std: $\sigma_b$ of every hidden layer; 0: no biases.

    Raises:
        InvalidInputError: `depth` is no positive integer, or `network` is no layer.
        UnknownNameError: `activation` is in no catalogue.
    """
    if network is not None:
        if not isinstance(network, Layer):
            raise InvalidInputError(
                f"`network` must be a layer or None. Got {type(network).__name__}. Its limit "
                "kernel is what the model is made of. Compose one, for example "
                "`sf.Serial(sf.Dense(1), sf.Relu(), sf.Dense(1))`."
            )
        return network
    if not isinstance(depth, int | np.integer) or depth < 1:
        raise InvalidInputError(
            f"`depth` must be a positive integer. Got {depth!r}. It counts hidden layers; a "
            "network without any is linear. Write depth=1 for the smallest, or give a `network`."
        )
    phi = activation if isinstance(activation, Activation) else parse_activation(activation)
    std = critical_std(phi) if weight_std is None else weight_std
    layers: list[Layer] = []
    for _ in range(depth):
        layers += [Dense(1, std, bias_std if bias_std else None), phi]
    return Serial(*layers, Dense(1))


@float64
def critical_std(activation: Activation) -> float:
    r"""$\sigma_w = E[\phi(z)^2]^{-1/2}$ with $z \sim N(0, 1)$: variance 1 stays 1.

    For ReLU $\sqrt2$ (He et al. 2015, section 2.2).
    """
    square = limit_kernel(Serial(Dense(1), activation), jnp.ones((1, 1))).nngp
    return 1.0 / math.sqrt(float(np.asarray(square)[0, 0]))
