"""What the layers of an image network do to covariances of one pair of images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import TypeAlias

from surefit.activations.activation import Activation
from surefit.core.layer import Shape
from surefit.layers.windows import Windows

__all__ = [
    "Add",
    "Lift",
    "Nonlinear",
    "Normalised",
    "Operation",
    "Pool",
    "Skip",
    "WindowMean",
    "walk",
]


@dataclasses.dataclass(frozen=True)
class WindowMean:
    r"""A convolution, with means over windows as bars.

    $\Sigma \to g\,\overline\Sigma + b$ and
    $\Theta \to g\,\overline\Theta + o\,\overline\Sigma + o_b$.

    Args:
        windows: where they lie.
        gain: $g$.
        shift: $b$.
        own: $o$, the layer's own part of the tangent kernel.
        own_bias: $o_b$.
        shared: whether positions share weights; if not, different ones are independent.
    """

    windows: Windows
    gain: float
    shift: float
    own: float
    own_bias: float
    shared: bool


@dataclasses.dataclass(frozen=True)
class Pool:
    """Means over both windows of a pair of positions."""

    windows: Windows


@dataclasses.dataclass(frozen=True)
class Nonlinear:
    """An activation, the `node`-th place where variances are needed."""

    activation: Activation
    node: int
    space: Shape


@dataclasses.dataclass(frozen=True)
class Normalised:
    """Layer normalisation, the `node`-th place where variances are needed."""

    epsilon: float
    node: int
    space: Shape


@dataclasses.dataclass(frozen=True)
class Lift:
    """A bias shared by all positions."""

    variance: float
    own: float


@dataclasses.dataclass(frozen=True)
class Skip:
    r"""$\Sigma + \tau^2\Sigma_{\text{branch}}$, and likewise the tangent kernel."""

    branch: tuple[Operation, ...]
    square: float


@dataclasses.dataclass(frozen=True)
class Add:
    """The sum over independent branches."""

    branches: tuple[tuple[Operation, ...], ...]


Operation: TypeAlias = WindowMean | Pool | Nonlinear | Normalised | Lift | Skip | Add


def walk(operations: tuple[Operation, ...]) -> Iterator[Operation]:
    """All operations, those inside branches too."""
    for op in operations:
        yield op
        branches = (op.branch,) if isinstance(op, Skip) else getattr(op, "branches", ())
        for branch in branches:
            yield from walk(branch)
