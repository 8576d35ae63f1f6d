r"""Activations: the only operations that bend by themselves."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation
from surefit.curvature.activation import Bends, bends, has_kink
from surefit.curvature.nodes.node import (
    Adjoint,
    Node,
    Passage,
    PerSample,
    Pulled,
    Return,
    Spread,
    Table,
    Values,
)

__all__ = ["Elementwise", "bending", "kink_ahead", "slope_change"]


@dataclasses.dataclass(frozen=True)
class Elementwise(Node):
    r"""$h = \phi(z)$, entry by entry.

    Args:
        inputs: of $z$.
        value: $h$.
        z: $z$ at the centre.
        activation: $\phi$.
    """

    inputs: tuple[int, ...]
    value: Values
    z: Values
    activation: Activation

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        r"""The slopes that the pre-activations can meet; the memo is (spread of $z$, bends)."""
        (spread,) = spreads
        local = bends(self.activation, self.z, radius * spread.entry)
        steepest = _largest(local.slope)
        out = Spread(
            steepest[:, None] * spread.peak,
            float(np.max(steepest)) * spread.batch,
            local.slope * spread.entry,
        )
        return Passage(out.tightened(), (spread, local))

    def pull(self, adjoint: Adjoint) -> Pulled:
        r"""$\phi'(z)\circ c$."""
        slope = np.asarray(self.activation.derivative(jnp.asarray(self.z)))
        return Pulled((Adjoint(slope[:, None] * adjoint.array),))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        r"""Both factors of $\phi'(z)\circ c$ move."""
        spread, local = back.passage.memo
        shaken = slope_change(radius, back.adjoint, spread, local)
        return (_largest(local.slope) * back.moved + shaken,)

    def curvature(self, radius: float, back: Return) -> Table | float:
        """See `bending`."""
        return bending(back.adjoint, back.moved, *back.passage.memo)

    def nearest_kink(self, passage: Passage) -> tuple[float, tuple[int, ...]]:
        """See `kink_ahead`."""
        return kink_ahead(self.activation, self.z, passage.memo[0])


def slope_change(radius: float, adjoint: Adjoint, spread: Spread, local: Bends) -> PerSample:
    r"""$\lVert(\phi'(z)-\phi'(z_0))\circ c_0\rVert_F$ per sample, on the ball.

    At most $\max_r(\sup|\phi''_{ir}|\,\lVert c_{0,i\cdot r}\rVert)\,\lVert z_i-z_{0,i}\rVert$.

    Args:
        radius: of the ball.
        adjoint: $c_0$ at the activation's output.
        spread: of the pre-activations.
        local: bounds of the derivatives of $\phi$.
    """
    return _largest(local.bend * adjoint.columns) * radius * spread.samples


def bending(adjoint: Adjoint, moved: PerSample, spread: Spread, local: Bends) -> Table | float:
    r"""The term $\sum_rc_{ior}\phi''(z_{ir})\,dz_{ir}\,dz'_{ir}$ of $D^2f_{io}[v, v']$.

    Its norm over the outputs of sample i is at most $\kappa_i\lVert dz_i\rVert\lVert dz'_i\rVert$,
    $\kappa_i = \max_r\sup|\phi''_{ir}|\lVert c_{i\cdot r}\rVert$. Over the samples, for a pair of
    groups, take one factor per sample and the other over the batch, either way round, or both per
    sample.

    Args:
        adjoint: $c$ at the activation's output, at the centre.
        moved: how far it moves, sample by sample.
        spread: of the pre-activations.
        local: bounds of the derivatives of $\phi$.
    """
    if not local.bend.any():
        return 0.0
    columns = adjoint.columns + moved.reshape(-1, *(1,) * (adjoint.columns.ndim - 1))
    kappa = _largest(local.bend * columns)
    weighted = np.max(kappa[:, None] * spread.peak, axis=0)
    mixed = weighted[:, None] * spread.batch[None, :]
    both = np.sqrt((kappa[:, None] * spread.peak).T ** 2 @ spread.peak**2)
    return np.minimum(np.minimum(mixed, mixed.T), np.minimum(both, both.T))


def kink_ahead(activation: Activation, z: Values, spread: Spread) -> tuple[float, tuple[int, ...]]:
    r"""$\min|z_{ir}|/\mathrm{entry}_{ir}$ and its (sample, ..., neuron), if $\phi$ has a kink at 0.

    Args:
        activation: $\phi$.
        z: pre-activations at the centre.
        spread: theirs.
    """
    moving = spread.entry > 0
    if not has_kink(activation) or not moving.any():
        return float("inf"), ()
    ratio = np.where(moving, np.abs(z) / np.where(moving, spread.entry, 1.0), np.inf)
    where = np.unravel_index(int(np.argmin(ratio)), ratio.shape)
    return float(ratio[where]), tuple(int(index) for index in where)


def _largest(values: Values) -> PerSample:
    return np.max(values.reshape(len(values), -1), axis=1)
