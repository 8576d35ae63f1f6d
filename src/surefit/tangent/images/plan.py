"""Which networks of images are known here, and as what steps they are evaluated."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import math

from surefit.core.layer import Layer, Shape
from surefit.errors import InvalidInputError
from surefit.layers import Flatten, GlobalAveragePool
from surefit.tangent.images.operations import Nonlinear, Normalised, Operation, Pool, walk
from surefit.tangent.images.reading import Place, UnknownNetworkError, chain, read_all
from surefit.tangent.images.ring import on_ring

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


@functools.lru_cache(maxsize=256)
def plan(network: Layer, input_shape: Shape) -> Plan | None:
    """The steps of a network on images of `input_shape`, or None where it is not known here.

    A composition without a limit is not known here either; the layers say why.
    """
    layers = tuple(chain(network))
    ends = [k for k, layer in enumerate(layers) if isinstance(layer, Flatten | GlobalAveragePool)]
    if len(input_shape) < 2 or not ends:
        return None
    try:
        operations, place = read_all(layers[: ends[0]], Place(input_shape), itertools.count())
        space, channels = place.shape[:-1], place.shape[-1]
        everywhere = isinstance(layers[ends[0]], GlobalAveragePool)
        pooled = everywhere or any(isinstance(op, Pool) for op in walk(operations))
        ring = pooled and on_ring(operations)
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
    except (UnknownNetworkError, InvalidInputError):
        return None
