r"""Trained or fixed matrices: dense layers, and convolutions on their patches.

A matrix acts at P positions, $z_{ip} = sWg_{ip} + b$, on samples $g_i$ of shape (P, D); dense
layers have one position. A trained bias is one more column of $W$ with one more constant input.
"""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from jaxtyping import Float

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
    lengths,
)
from surefit.curvature.norms import operator_norm, operator_norms

__all__ = ["Weights", "bilinear"]


@dataclasses.dataclass(frozen=True)
class Weights(Node):
    r"""$z_{ip} = sWg_{ip} + b_s b$; without sharing $W_p$ in place of $W$.

    Args:
        inputs: of $g$.
        value: $z$ at the centre.
        seen: $g$ at the centre.
        matrix: $W$ or, one after the other, the $W_p$.
        scale: $s$.
        bias_scale: $b_s$; 0 without a bias.
        group: of $(W, b)$; None: not trained.
    """

    inputs: tuple[int, ...]
    value: Values
    seen: Float[np.ndarray, "n *p d"]
    matrix: Float[np.ndarray, "*q f d"]
    scale: float
    bias_scale: float
    group: int | None

    @property
    def shared(self) -> bool:
        """Whether all positions have the same weights."""
        return self.matrix.ndim == 2

    @functools.cached_property
    def norm(self) -> float:
        r"""$\lVert W\rVert_2$; without sharing the largest."""
        return float(np.max(operator_norms(self.matrix.reshape(-1, *self.matrix.shape[-2:]))))

    @functools.cached_property
    def rows(self) -> Float[np.ndarray, "*q f"]:
        r"""$\lVert W_r\rVert$."""
        return lengths(self.matrix, axis=-1)

    @functools.cached_property
    def _augmented(self) -> Float[np.ndarray, "n p e"]:
        g = self.scale * self.seen.reshape(len(self.seen), -1, self.seen.shape[-1])
        if self.bias_scale == 0.0:
            return g
        return np.concatenate([g, np.full((*g.shape[:2], 1), self.bias_scale)], axis=2)

    @functools.cached_property
    def own_peak(self) -> Float[np.ndarray, " n"]:
        r"""$\sup\lVert s\,dW g_i\rVert$ over $\lVert dW\rVert_F = 1$, sample by sample."""
        if self.shared:
            return operator_norms(self._augmented)
        return np.max(lengths(self._augmented, axis=2), axis=1)

    @functools.cached_property
    def own_batch(self) -> float:
        """The same over all samples."""
        g = self._augmented
        if self.shared:
            return operator_norm(g.reshape(-1, g.shape[-1]))
        return float(np.max(operator_norms(np.swapaxes(g, 0, 1))))

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        r"""$dz = s\,dW g + sW dg$; the memo is the spread of $g$."""
        (spread,) = spreads
        trained = self.group is not None
        reach = radius if trained else 0.0
        gain = self.scale * (self.norm + reach)
        through = spread.scaled(gain)
        at_position = np.minimum(
            lengths(spread.entry, axis=-1),
            spread.samples.reshape(-1, *(1,) * (self.seen.ndim - 2)),
        )
        entry = at_position[..., None] * (self.scale * (self.rows + reach))[None]
        peak, batch = through.peak.copy(), through.batch.copy()
        if trained:
            peak[:, self.group] += self.own_peak + self.scale * radius * spread.samples
            batch[self.group] += self.own_batch + self.scale * radius * spread.whole
            seen = lengths(self._augmented, axis=2).reshape(at_position.shape)
            own = seen + self.scale * radius * at_position
            # The group moves nothing before this layer: the two shares are orthogonal.
            entry = np.sqrt(entry**2 + (own**2)[..., None])
        return Passage(Spread(peak, batch, entry).tightened(), spread)

    def pull(self, adjoint: Adjoint) -> Pulled:
        r"""$sW^\top e$."""
        e = adjoint.array
        if self.shared:
            return Pulled((Adjoint(self.scale * (e @ self.matrix)),))
        return Pulled((Adjoint(self.scale * np.einsum("nkpf,pfd->nkpd", e, self.matrix)),))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        r"""Both factors of $W^\top e$ move."""
        reach = 0.0 if self.group is None else radius
        own = reach * back.adjoint.size
        return (self.scale * ((self.norm + reach) * back.moved + own),)

    def curvature(self, radius: float, back: Return) -> Table | float:
        """See `bilinear`."""
        if self.group is None:
            return 0.0
        return bilinear(back.adjoint, back.moved, back.passage.memo, self.scale, self.group)


def bilinear(adjoint: Adjoint, moved: PerSample, spread: Spread, scale: float, group: int) -> Table:
    r"""The term $s\,e_{io}^\top(dW\,dg'_i + dW'\,dg_i)$ of $D^2f_{io}[v, v']$.

    With $E_i$ the matrix of rows $e_{io}$ its norm is at most
    $s\lVert dW\rVert_F(\sum_i\lVert E_i\rVert_2^2\lVert dg_i\rVert^2)^{1/2}$, and for dense layers
    at most $s\lVert dW\rVert_F\lVert E\rVert_2\max_i\lVert dg_i\rVert$ with all $E_i$ stacked.

    Args:
        adjoint: $e$ at the centre.
        moved: how far it moves, sample by sample.
        spread: of $g$.
        scale: $s$.
        group: of $W$.
    """
    sizes = adjoint.operator + moved
    bound = np.minimum(
        float(np.max(sizes)) * spread.batch,
        np.sqrt(np.sum((sizes[:, None] * spread.peak) ** 2, axis=0)),
    )
    if adjoint.array.ndim == 3:
        stacked = adjoint.stacked + float(np.linalg.norm(moved))
        bound = np.minimum(bound, stacked * np.max(spread.peak, axis=0))
    share = np.zeros((len(bound), len(bound)))
    share[group] += scale * bound
    share[:, group] += scale * bound
    return share
