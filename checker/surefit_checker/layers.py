r"""Dense layers, convolutions and means over windows, on flat examples.

$z = \alpha h + W\,(s\,\text{patches of } h, s_b)$, $h' = \beta h + t\phi(z)$ with the skips
$\alpha$ and $\beta$, the factors s, $s_b$ and the gain t of the format. Entries of z are numbered
by (window, feature); a dense layer has one window, a mean has fixed weights.

`forward` and `backward` enclose the layer at the saved weights, `own_kernel` is its part of the
tangent kernel; `first` and `second` bound first and second derivatives on the ball of radius rho
around the saved weights (the theorem on chains, docs/certificates/curvature.md).
"""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np

from surefit_checker.activations import Activation
from surefit_checker.ball import Array, Ball, norm, up
from surefit_checker.rows import Rows
from surefit_checker.spectrum import operator_norm, operator_norms, row_norms
from surefit_checker.verdict import RefusedError
from surefit_checker.windows import gather, inverse_table

SHARP = 128  # rows or columns up to which the norms of single samples are sharp


class Layer:
    """What layers with an activation share: they have z, d1, d2 at the saved weights."""

    def bend_on(self, dev: np.ndarray) -> np.ndarray:
        """Bounds of the slopes where pre-activations move by `dev`; sets those of their changes.

        Raises:
            RefusedError: a pre-activation may reach a kink.
        """
        a, z = self.activation, self.z.ball()
        flips = ~(up(dev + z.rad, 2) < np.abs(z.mid)) & ~self.dead
        if a.kinked and flips.any():
            sample, *entry = map(int, np.argwhere(flips)[0])
            factor = float(dev[flips][0]) / max(abs(float(z.mid[flips][0])), 1e-300)
            raise RefusedError(
                f"pre-activation {entry} of sample {sample} in layer {self.name} may change its "
                f"sign within the ball: it moves by up to {factor:.3g} times its size"
            )
        self.turn = np.minimum(up(a.bend * dev, 1), 2 * a.slope)
        self.bend = np.minimum(a.bend, up(self.d2.mag() + a.third * dev, 2))
        slope = np.minimum(a.slope, up(self.d1.mag() + self.turn, 2))
        self.slopes = np.max(slope.reshape(len(slope), -1), 1)
        return slope

    def couple(self, q: np.ndarray, term: np.ndarray) -> None:
        """Adds what the layer's part of a direction does together with the others."""
        q[self.slot] += term
        q[:, self.slot] += term


@dataclasses.dataclass
class Affine(Layer):
    """One layer.

    Args:
        name: for messages.
        spec: factor, skips, gain and whether the bias is trained, as in the certificate.
        weights: (windows, or 1 if they share weights; features out; entries of a patch).
        bias: values (windows or 1, features out), or None.
        activation: of the layer.
        table: indices of patches (windows, entries of a patch); None: dense.
        slot: number of its part of the direction; None: not trained.
    """

    name: str
    spec: SimpleNamespace
    weights: Array
    bias: Array | None
    activation: Activation
    table: np.ndarray | None
    slot: int | None

    @property
    def shared(self) -> bool:
        """Whether all windows have the same weights."""
        return self.weights.shape[0] == 1

    def forward(self, h: Array, dead: np.ndarray) -> tuple[Array, np.ndarray]:
        """Outgoing features; and which entries are 0 whatever the weights are."""
        n, self.size = h.shape
        if self.table is not None:
            self.back = inverse_table(self.table, self.size)
        self.patches = gather(h, self.table, 0.0) * self.spec.factor
        z = (self.patches.transpose(1, 0, 2) @ self.weights.T).transpose(1, 0, 2)
        still = np.broadcast_to(gather(dead, self.table, True).all(-1)[..., None], z.shape)
        if self.bias is not None:
            z, still = z + self.bias * self.spec.bias.factor, np.zeros(z.shape, bool)
            if self.spec.bias.trained:
                self.patches = self.patches.with_column(self.spec.bias.factor)
        if self.spec.skip_in:
            z, still = z + h.reshape(*z.shape) * self.spec.skip_in, still & dead.reshape(z.shape)
        # Where z is 0 for all weights, the slope does not matter, at a kink either.
        self.dead = still & (self.activation.kinked or self.activation.linear)
        self.z = z.where(self.dead, 1.0)
        value, d1, self.d2 = self.activation.at(self.z)
        self.d1 = d1.where(self.dead, 0.0)
        out = value.where(self.dead, 0.0).reshape(n, -1) * self.spec.gain
        passes = self.dead.reshape(n, -1)
        if self.spec.skip_out:
            out, passes = out + h * self.spec.skip_out, passes & dead
        return out, passes

    def backward(self, c: Array) -> Array:
        """Derivatives of all outputs for the incoming features, from those for the outgoing."""
        (n, k), (p, f) = c.shape[:2], self.z.shape[1:]
        self.c = c.reshape(n, k, p, f)
        self.e = self.c * (self.d1 * self.spec.gain).reshape(n, 1, p, f)
        g = self.e.reshape(n * k, p, f).transpose(1, 0, 2) @ self.weights
        g = g.transpose(1, 0, 2).reshape(n * k, -1)
        if self.table is not None:
            g = g.with_column(0.0)[:, self.back].sum(-1)
        g = g.reshape(n, k, self.size) * self.spec.factor
        if self.spec.skip_in:
            g = g + self.e.reshape(n, k, self.size) * self.spec.skip_in
        return g + c * self.spec.skip_out if self.spec.skip_out else g

    def own_kernel(self) -> Array:
        """The layer's part of the tangent kernel, with rows (sample, output)."""
        (n, k, p, f), q = self.e.shape, self.patches.shape[2]
        if self.shared and p > 1:
            j = (self.e.T @ self.patches.reshape(n, 1, p, q)).reshape(n * k, f * q)
            return j @ j.T
        e, u = self.e.reshape(n * k, p, f), self.patches
        return sum(outer_gram(e[:, at], u[:, at]) for at in range(p))

    def first(self, rows: Rows, rho: float) -> Rows:
        """Bounds of the derivatives of z and of the outgoing features."""
        self._measure(rows, rho)
        slope = self.bend_on(up(self.rows_z.entry * rho, 1))
        out = self.rows_z.times(up(self.spec.gain * self.slopes, 1))
        entry = up(self.spec.gain * slope * self.rows_z.entry, 4).reshape(len(slope), -1)
        if self.spec.skip_out:
            out = out.plus(rows.times(abs(self.spec.skip_out)))
            entry = up(entry + abs(self.spec.skip_out) * rows.entry, 2)
        return out.with_entries(entry)

    def _measure(self, rows: Rows, rho: float) -> None:
        """The derivatives of z, and the norms that they are made of."""
        w, s, patches = self.weights.ball(), self.spec.factor, self.patches.ball()
        moves, moved = rows.within(rho)
        own = 0.0 if self.slot is None else rho
        spread = 1.0 if self.table is None else float(up(np.sqrt(self.back.shape[1]), 1))
        self.reach = up(s * spread, 1)  # of a change of the weights, through the patches
        if self.table is None and self.spec.skip_in:
            whole = w[0] * s + Ball(self.spec.skip_in * np.eye(self.size))
            self.through = up(operator_norm(whole) + s * own, 3)
        else:
            norms = max(operator_norm(one) for one in w)
            self.through = up(abs(self.spec.skip_in) + self.reach * (norms + own), 4)
        self.rows_in, self.rows_z = rows, rows.times(self.through)
        # What the change of an entry is made of: first, of the patch that it sees, by
        # Cauchy-Schwarz or entry by entry.
        near = gather(rows.entry, self.table, 0.0)
        seen = np.minimum(norm(near, -1), norm(rows.sample, 1)[:, None])[..., None]
        single = up(near.transpose(1, 0, 2) @ w.T.mag(), near.shape[2] + 1).transpose(1, 0, 2)
        entry = s * (np.minimum(seen * row_norms(w), single) + own * seen)
        if self.spec.skip_in:
            entry = entry + abs(self.spec.skip_in) * rows.entry.reshape(entry.shape)
        entry = up(entry, 6)
        if self.slot is not None:
            at = row_norms(patches)
            each = np.minimum(operator_norms(patches, SHARP), norm(at, 1))
            each = each if self.shared else np.max(at, 1)
            grown = up(self.reach * moved, 1)
            batch = up(self._together(patches) + self.reach * moves, 2)
            self.rows_z = self.rows_z.with_part(self.slot, batch, up(each + grown, 1))
            # Then, of the layer's own weights: other coordinates of the direction.
            own_part = at[..., None] + np.minimum(grown[:, None, None], s * rho * seen)
            entry = up(np.sqrt(up(up(own_part, 4) ** 2 + entry**2, 3)), 2)
        self.rows_z = self.rows_z.with_entries(entry)

    def _together(self, a: Ball) -> float:
        """The norm of all matrices at one window, the largest; of all, if they share weights."""
        a = a.reshape(1, -1, a.shape[-1]) if self.shared else a.transpose(1, 0, 2)
        return max(operator_norm(one) for one in a)

    def second(self, rows: Rows, rho: float, q: np.ndarray) -> Rows:
        """Adds the layer's part of the curvature to q; bounds of the changes of `backward`."""
        n, k, p, f = self.e.shape
        _, moved = rows.within(rho)
        columns = up(norm(self.c.mag(), 1) + moved[:, None, None], 1)
        bent = up(self.spec.gain * np.max(self.bend * columns, (1, 2)), 3)
        q += self.rows_z.bending(bent)
        rows_e = rows.times(up(self.spec.gain * self.slopes, 1)).plus(self.rows_z.times(bent))
        inward = rows_e.times(self.through)
        if self.spec.skip_out:
            inward = inward.plus(rows.times(abs(self.spec.skip_out)))
        if self.slot is None:
            return inward
        e_moves, e_moved = rows_e.within(rho)
        e = self.e.ball()
        each = up(operator_norms(e.reshape(n, k, p * f), SHARP) + e_moved, 1)
        stacked = self._together(e.reshape(n * k, p, f))
        stacked = up(stacked + min(e_moves, float(norm(e_moved))), 1)
        self.couple(q, up(self.reach * self.rows_in.coupling(each, stacked), 1))
        # The rows of e at one window are what a change of the weights meets.
        grain = norm(row_norms(e.transpose(0, 2, 1, 3)), (1, 2))
        grain = np.minimum(up(grain + e_moved, 1), stacked) if p > 1 else each
        return inward.with_part(self.slot, up(self.reach * stacked, 1), up(self.reach * grain, 1))


def outer_gram(e: Array, u: Array) -> Array:
    """The Gram matrix of the outer products of derivatives of outputs and what weights see."""
    each = np.repeat(np.arange(u.shape[0]), e.shape[0] // u.shape[0])
    return (e @ e.T) * (u @ u.T)[np.ix_(each, each)]
