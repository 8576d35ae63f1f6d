"""Layers of networks of images, read one by one as steps on covariances."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from surefit.activations.activation import Activation
from surefit.core.layer import Layer, Shape
from surefit.layers import (
    AveragePool,
    Bias,
    Conv,
    LayerNorm,
    Linearised,
    Residual,
    Serial,
    Sum,
)
from surefit.layers.windows import Windows
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

__all__ = ["Place", "UnknownNetworkError", "chain", "read_all"]


class UnknownNetworkError(Exception):
    """The network is not one of those known here."""


@dataclasses.dataclass(frozen=True)
class Place:
    """What flows at one place of the network."""

    shape: Shape
    gaussian: bool = False


def chain(network: Layer) -> Iterator[Layer]:
    """The layers in the order of evaluation, chains within chains opened."""
    if isinstance(network, Serial):
        for layer in network.layers:
            yield from chain(layer)
    elif isinstance(network, Linearised):
        # At the start value and gradient are those of what it is linear around.
        yield from chain(network.network)
    else:
        yield network


def read_all(
    layers: tuple[Layer, ...], place: Place, numbers: Iterator[int]
) -> tuple[tuple[Operation, ...], Place]:
    """The steps of layers that follow each other, and what flows behind them.

    Raises:
        UnknownNetworkError: a layer is none of those known here.
    """
    operations: list[Operation] = []
    for layer in layers:
        for part in chain(layer):
            op, place = _read(part, place, numbers)
            operations.append(op)
    return tuple(operations), place


# Only these classes themselves: a subclass may mean something else.
def _read(layer: Layer, place: Place, numbers: Iterator[int]) -> tuple[Operation, Place]:
    shape = layer.output_shape(place.shape)
    if isinstance(layer, Residual | Sum):
        return _read_branches(layer, place, numbers)
    if isinstance(layer, Activation) and place.gaussian:
        return Nonlinear(layer, next(numbers), shape[:-1]), Place(shape, False)
    if type(layer) is LayerNorm and place.gaussian:
        return Normalised(layer.epsilon, next(numbers), shape[:-1]), place
    if type(layer) is Bias and layer.shared:
        return Lift(layer.bias_std**2, float(layer.trained)), place
    if type(layer) not in (Conv, AveragePool) or _winds(layer.windows(place.shape)):
        raise UnknownNetworkError
    if type(layer) is Conv:
        return _convolution(layer, place), Place(shape, True)
    return Pool(layer.windows(place.shape)), Place(shape, place.gaussian)


def _read_branches(
    layer: Residual | Sum, place: Place, numbers: Iterator[int]
) -> tuple[Operation, Place]:
    branches = (layer.branch,) if isinstance(layer, Residual) else layer.branches
    read = [read_all((branch,), place, numbers) for branch in branches]
    dependent = [
        branch.passes_input or not end.gaussian
        for branch, (_, end) in zip(branches, read, strict=True)
    ]
    if sum(dependent) > (0 if isinstance(layer, Residual) else 1):
        raise UnknownNetworkError
    if isinstance(layer, Residual):
        return Skip(read[0][0], layer.scale**2), place
    gaussian = all(end.gaussian for _, end in read)
    return Add(tuple(ops for ops, _ in read)), Place(read[0][1].shape, gaussian)


def _convolution(layer: Conv, place: Place) -> WindowMean:
    windows = layer.windows(place.shape)
    width = windows.count * place.shape[-1]
    scale, std, bias_scale, bias_std = layer.scales(width)
    own = float(layer.trained)
    return WindowMean(
        windows,
        gain=(scale * std) ** 2 * width,
        shift=(bias_scale * bias_std) ** 2,
        own=own * scale**2 * width,
        own_bias=own * bias_scale**2 if layer.bias_std is not None else 0.0,
        shared=layer.shared,
    )


def _winds(windows: Windows) -> bool:
    """Whether a window on a ring meets a position twice."""
    return windows.padding == "circular" and any(
        w > n for w, n in zip(windows.sizes, windows.space, strict=True)
    )
