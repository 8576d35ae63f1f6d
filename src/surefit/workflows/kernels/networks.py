"""From a spec to a network whose limit of infinite width is known."""

from __future__ import annotations

import math

from surefit.activations import Activation, LeakyRelu, Relu, parse_activation
from surefit.core.layer import Layer, Shape
from surefit.errors import InvalidInputError
from surefit.layers import (
    Conv,
    Dense,
    Equilibrium,
    Flatten,
    GlobalAveragePool,
    Residual,
    Serial,
)
from surefit.runs.kernel_spec import KernelSpec

__all__ = ["build_network"]

# Width of a network that is not drawn: its limit does not depend on it.
_ANY = 512


def build_network(spec: KernelSpec, outputs: int, shape: Shape, width: int | None = None) -> Layer:
    r"""The network that a spec describes, in the parameterisation of the tangent kernel.

    The first layer takes inputs of norm 1 unscaled, so that pre-activations have the standard
    deviation `weight_std` everywhere; with $\sigma_w = \sqrt2$ rectifiers keep the size of
    features. The output layer has variance 1.

    Args:
        spec: what was asked.
        outputs: numbers per example that it computes.
        shape: of one example.
        width: features per layer; None: for its limit only.

    Raises:
        UnknownNameError: there is no such activation.
        InvalidInputError: the activation has no equilibrium at this gamma, or a filter is larger
            than the image.
    """
    activation = parse_activation(spec.activation)
    std = spec.weight_std if spec.weight_std is not None else _gain(activation)
    m = _ANY if width is None else width
    if spec.network == "cnn":
        return _cnn(spec, outputs, activation, std, m, shape)
    first = Dense(m, std, spec.bias_std or None, parameterisation="unscaled")
    if spec.network == "implicit":
        return Serial(first, Equilibrium(m, activation, spec.gamma), Dense(outputs))

    def hidden() -> Dense:
        return Dense(m, std, spec.bias_std or None)

    if spec.network == "resnet":
        scale = branch_scale(spec)
        branches = [Residual(Serial(activation, hidden()), scale) for _ in range(spec.depth)]
        return Serial(first, *branches, activation, Dense(outputs))
    rest = [layer for _ in range(spec.depth - 1) for layer in (hidden(), activation)]
    return Serial(first, activation, *rest, Dense(outputs))


def branch_scale(spec: KernelSpec) -> float:
    r"""$\tau$ as a number."""
    if spec.tau == "1/L":
        return 1.0 / spec.depth
    if spec.tau == "1/sqrt(L)":
        return 1.0 / math.sqrt(spec.depth)
    return float(spec.tau)


def _gain(activation: Activation) -> float:
    return math.sqrt(2.0) if isinstance(activation, Relu | LeakyRelu) else 1.0


def _cnn(
    spec: KernelSpec, outputs: int, activation: Activation, std: float, m: int, shape: Shape
) -> Layer:
    if len(shape) < 2 or min(shape[:-1]) < spec.window:
        raise InvalidInputError(
            f"`KernelSpec(window=...)` must be at most the length of an image. Got a window of "
            f"{spec.window} on examples of shape {shape[:-1]}. A filter larger than the image "
            "sees nothing but its border. Write a smaller window, or choose network fc."
        )
    pixels = math.prod(shape[:-1])
    # Inputs of norm 1: a mean square of 1 over all pixels, as behind the first layer of `fc`.
    gain, bias = std * math.sqrt(pixels * shape[-1]), spec.bias_std or None
    layers: list[Layer] = [Conv(m, spec.window, weight_std=gain, bias_std=bias)]
    for _ in range(spec.depth - 1):
        layers += [activation, Conv(m, spec.window, weight_std=std, bias_std=bias)]
    pool = Flatten() if spec.pooling == "flatten" else GlobalAveragePool()
    return Serial(*layers, activation, pool, Dense(outputs))
