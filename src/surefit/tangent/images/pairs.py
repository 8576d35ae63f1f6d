"""Pairs of images: what normalises their covariances at the places where variances matter."""

from __future__ import annotations

import abc
import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.tangent.images.duals import act, prepare
from surefit.tangent.images.operations import Nonlinear, Normalised
from surefit.tangent.images.shifts import Reached, Shift

__all__ = ["DistinctPairs", "OwnPairs", "Pairs"]

Images = Float[Array, "..."]


class Pairs(abc.ABC):
    """Pairs of images whose covariances are evaluated.

    Args:
        ring: whether shifts are taken on the ring.
        shifted: whether there are shifts at all.
        always: True, but not known to be when compiled.
    """

    # Whether `meet` wants to be told.
    meeting = False

    def __init__(self, ring: bool, shifted: bool, always: Bool[Array, ""]) -> None:
        self.ring, self.shifted, self.always = ring, shifted, always

    def stage(self, function: Callable, *arrays: Images) -> tuple[Images, ...]:
        """The function's results, computed once however many use them.

        XLA would compute what is elementwise again for every element of a window that uses it. A
        branch is a border that it does not cross.
        """
        shapes = jax.eval_shape(function, *arrays)

        def never(*_: Images) -> tuple[Images, ...]:
            return tuple(jnp.zeros(v.shape, v.dtype) for v in shapes)

        return jax.lax.cond(self.always, function, never, *arrays)

    @abc.abstractmethod
    def meet(self, op: Nonlinear | Normalised, c: Images, shift: Shift) -> None:
        """Told of every covariance in front of a node."""

    @abc.abstractmethod
    def activate(self, op: Nonlinear, c: Images, shift: Shift) -> tuple[Images, Images]:
        """The duals of an activation and of its derivative."""

    @abc.abstractmethod
    def normaliser(self, op: Normalised, shift: Shift) -> Images:
        """The factor of layer normalisation."""

    def _reached(self, v: Images, op: Nonlinear | Normalised) -> Reached:
        return Reached(v, op.space, self.ring, self.shifted)


class OwnPairs(Pairs):
    """Every image with itself, which tells the variances.

    Positions that meet themselves have a correlation of exactly 1.

    Attributes:
        variances: those in front of every node met so far.
    """

    meeting = True

    def __init__(self, ring: bool, shifted: bool, always: Bool[Array, ""]) -> None:
        super().__init__(ring, shifted, always)
        self.variances: dict[int, Images] = {}

    def meet(self, op: Nonlinear | Normalised, c: Images, shift: Shift) -> None:
        """Keep the covariances of equal positions."""
        if shift is None:
            self.variances.setdefault(op.node, c)

    def activate(self, op: Nonlinear, c: Images, shift: Shift) -> tuple[Images, Images]:
        """The duals, with exact values where positions meet themselves."""
        s = self.variances[op.node]
        t = self._reached(s, op).at(shift)
        if shift is None:
            c = s
        else:
            equal = functools.reduce(jnp.logical_and, (d == 0 for d in shift))
            c = jnp.where(equal, s, c)
        return op.activation.dual(c, s, t), op.activation.derivative_dual(c, s, t)

    def normaliser(self, op: Normalised, shift: Shift) -> Images:
        """The product of both factors."""
        (row,) = prepare(op, self.variances[op.node])
        return row * self._reached(row, op).at(shift)


class DistinctPairs(Pairs):
    """One image with each of several.

    Args:
        ring: whether shifts are taken on the ring.
        shifted: whether there are shifts at all.
        always: True, but not known to be when compiled.
        nodes: the places where variances matter.
        row: for each of them what `prepare` made of the variances (*space, 1) of the one image.
        columns: the same of the several images, (*space, b).
    """

    def __init__(
        self,
        ring: bool,
        shifted: bool,
        always: Bool[Array, ""],
        nodes: tuple[Nonlinear | Normalised, ...],
        row: tuple[tuple[Images, ...], ...],
        columns: tuple[tuple[Images, ...], ...],
    ) -> None:
        super().__init__(ring, shifted, always)
        self._row = row
        self._columns = [
            tuple(self._reached(v, op) for v in own) for op, own in zip(nodes, columns, strict=True)
        ]

    def meet(self, op: Nonlinear | Normalised, c: Images, shift: Shift) -> None:
        """Nothing to be learnt."""

    def _seen(self, op: Nonlinear | Normalised, shift: Shift) -> tuple[Images, ...]:
        return tuple(reached.at(shift) for reached in self._columns[op.node])

    def activate(self, op: Nonlinear, c: Images, shift: Shift) -> tuple[Images, Images]:
        """The duals from what was prepared."""
        return act(op, c, self._row[op.node], self._seen(op, shift))

    def normaliser(self, op: Normalised, shift: Shift) -> Images:
        """The product of both factors."""
        return self._row[op.node][0] * self._seen(op, shift)[0]
