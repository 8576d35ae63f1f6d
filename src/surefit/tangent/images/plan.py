"""Which networks of images are known here, and what they do, step by step."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math
from collections.abc import Iterator

from surefit.activations.activation import Activation
from surefit.core.layer import Layer, Shape
from surefit.errors import InvalidInputError
from surefit.layers import (
    AveragePool,
    Bias,
    Conv,
    Flatten,
    GlobalAveragePool,
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

__all__ = ["Plan", "plan"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """A network as steps on covariances of one pair of images, up to where positions end.

    Args:
        operations: the steps.
        space: positions behind them.
        everywhere: whether all pairs of positions are averaged, or equal positions only.
        head: the layers behind, which act on vectors.
        width: features of the vectors that flow into the head.
        gaussian: whether these are jointly Gaussian.
        ring: whether shifted images are taken on the ring, see `shifts`.
    """

    operations: tuple[Operation, ...]
    space: Shape
    everywhere: bool
    head: tuple[Layer, ...]
    width: int
    gaussian: bool
    ring: bool

    @property
    def shifted(self) -> bool:
        """Whether covariances of different positions are needed."""
        return self.everywhere or any(isinstance(op, Pool) for op in walk(self.operations))

    @property
    def nodes(self) -> tuple[Nonlinear | Normalised, ...]:
        """The places where variances are needed, in order of their numbers."""
        found = [op for op in walk(self.operations) if isinstance(op, Nonlinear | Normalised)]
        return tuple(sorted(found, key=lambda op: op.node))


class _Unknown(Exception):
    """The network is not one of those known here."""


@dataclasses.dataclass(frozen=True)
class _Place:
    """What flows at one place of the network."""

    shape: Shape
    gaussian: bool = False


@functools.lru_cache(maxsize=256)
def plan(network: Layer, input_shape: Shape) -> Plan | None:
    """The steps of a network on images of `input_shape`, or None where it is not known here.

    A composition without a limit is not known here either; the layers say why.
    """
    layers = tuple(_chain(network))
    ends = [k for k, layer in enumerate(layers) if isinstance(layer, Flatten | GlobalAveragePool)]
    if len(input_shape) < 2 or not ends:
        return None
    try:
        operations, place = _read_all(layers[: ends[0]], _Place(input_shape), itertools.count())
        space, channels = place.shape[:-1], place.shape[-1]
        everywhere = isinstance(layers[ends[0]], GlobalAveragePool)
        pooled = everywhere or any(isinstance(op, Pool) for op in walk(operations))
        ring = pooled and _on_ring(operations)
        positions = math.prod(space)
        return Plan(
            operations,
            space,
            everywhere,
            layers[ends[0] + 1 :],
            channels if everywhere else channels * positions,
            place.gaussian and (everywhere or positions == 1),
            ring,
        )
    except (_Unknown, InvalidInputError):
        return None


def walk(operations: tuple[Operation, ...]) -> Iterator[Operation]:
    """All operations, those inside branches too."""
    for op in operations:
        yield op
        branches = (op.branch,) if isinstance(op, Skip) else getattr(op, "branches", ())
        for branch in branches:
            yield from walk(branch)


def _chain(network: Layer) -> Iterator[Layer]:
    if isinstance(network, Serial):
        for layer in network.layers:
            yield from _chain(layer)
    elif isinstance(network, Linearised):
        # At the start value and gradient are those of what it is linear around.
        yield from _chain(network.network)
    else:
        yield network


def _on_ring(operations: tuple[Operation, ...]) -> bool:
    """Whether all windows keep rings of positions rings; if not, and if that is a must: unknown."""
    windows = [op.windows for op in walk(operations) if isinstance(op, WindowMean | Pool)]
    if all(map(_tiles, [op.windows for op in walk(operations) if isinstance(op, Pool)])) and all(
        w.padding != "valid" and _divides(w)
        for w in (op.windows for op in walk(operations) if isinstance(op, WindowMean))
    ):
        return True
    if any(w.padding == "circular" for w in windows):
        raise _Unknown
    return False


def _winds(windows: Windows) -> bool:
    """Whether a window on a ring meets a position twice."""
    return windows.padding == "circular" and any(
        w > n for w, n in zip(windows.sizes, windows.space, strict=True)
    )


def _divides(windows: Windows) -> bool:
    return all(
        n == s * m for n, s, m in zip(windows.space, windows.strides, windows.output, strict=True)
    )


def _tiles(windows: Windows) -> bool:
    return windows.sizes == windows.strides and _divides(windows)


def _read_all(
    layers: tuple[Layer, ...], place: _Place, numbers: Iterator[int]
) -> tuple[tuple[Operation, ...], _Place]:
    operations: list[Operation] = []
    for layer in layers:
        for part in _chain(layer):
            op, place = _read(part, place, numbers)
            operations.append(op)
    return tuple(operations), place


# Only these classes themselves: a subclass may mean something else.
def _read(layer: Layer, place: _Place, numbers: Iterator[int]) -> tuple[Operation, _Place]:
    shape = layer.output_shape(place.shape)
    if isinstance(layer, Residual | Sum):
        return _read_branches(layer, place, numbers)
    if isinstance(layer, Activation) and place.gaussian:
        return Nonlinear(layer, next(numbers), shape[:-1]), _Place(shape, False)
    if type(layer) is LayerNorm and place.gaussian:
        return Normalised(layer.epsilon, next(numbers), shape[:-1]), place
    if type(layer) is Bias and layer.shared:
        return Lift(layer.bias_std**2, float(layer.trained)), place
    if type(layer) not in (Conv, AveragePool) or _winds(layer.windows(place.shape)):
        raise _Unknown
    if type(layer) is Conv:
        return _convolution(layer, place), _Place(shape, True)
    return Pool(layer.windows(place.shape)), _Place(shape, place.gaussian)


def _read_branches(
    layer: Residual | Sum, place: _Place, numbers: Iterator[int]
) -> tuple[Operation, _Place]:
    branches = (layer.branch,) if isinstance(layer, Residual) else layer.branches
    read = [_read_all((branch,), place, numbers) for branch in branches]
    dependent = [
        branch.passes_input or not end.gaussian
        for branch, (_, end) in zip(branches, read, strict=True)
    ]
    if sum(dependent) > (0 if isinstance(layer, Residual) else 1):
        raise _Unknown
    if isinstance(layer, Residual):
        return Skip(read[0][0], layer.scale**2), place
    gaussian = all(end.gaussian for _, end in read)
    return Add(tuple(ops for ops, _ in read)), _Place(read[0][1].shape, gaussian)


def _convolution(layer: Conv, place: _Place) -> WindowMean:
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
