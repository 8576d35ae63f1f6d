r"""Dense and convolutional layers.

$z = \alpha h + W\,(s\,\text{patches of } h, s_b)$, $h' = \beta h + t\phi(z)$.

`forward` and `backward` enclose the layer at the saved weights, `first` and `second` bound first
and second derivatives on the ball of radius rho around them (the lemma on chains of layers).
"""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.activations import Activation
from surefit_checker.ball import FLOOR, Ball, norm, up
from surefit_checker.rows import Rows
from surefit_checker.spectrum import least_eigenvalues, operator_norm, row_norms
from surefit_checker.verdict import RefusedError
from surefit_checker.windows import inverse_table

SHARP = 128  # rows or columns up to which the norms of single samples are sharp


@dataclasses.dataclass
class Affine:
    """One layer.

    Args:
        name: for messages.
        weights: (positions or 1, features out, features in a patch).
        table: indices of patches (windows, features in a patch); None: dense.
        shared: whether all windows have the same weights.
        factor: s.
        bias: values (positions or 1, features out) and their factor, or None.
        bias_trained: whether the bias is trained.
        alpha, beta, gain: skips and t.
        activation: of the layer.
        slot: number of its part of the direction; None: not trained.
        output: shape of an outgoing example.
    """

    name: str
    weights: Ball
    table: np.ndarray | None
    shared: bool
    factor: float
    bias: tuple[Ball, float] | None
    bias_trained: bool
    alpha: float
    beta: float
    gain: float
    activation: Activation
    slot: int | None
    output: tuple[int, ...]

    def forward(self, h: Ball, dead: np.ndarray) -> tuple[Ball, np.ndarray]:
        """Outgoing features; and which entries are 0 whatever the weights are."""
        n, self.input = h.shape[0], h.shape[1:]
        size = int(np.prod(self.input))
        flat, dead = h.reshape(n, size), dead.reshape(n, size)
        if self.table is None:
            patches, none = flat.reshape(n, 1, size), dead[:, None]
        else:
            patches = flat.with_column(0.0)[:, self.table]
            none = np.concatenate([dead, np.ones((n, 1), bool)], 1)[:, self.table]
            self.back = inverse_table(self.table, size)
        self.patches = patches * self.factor
        rest = None
        if self.bias is not None:
            values, factor = self.bias
            if self.bias_trained:
                self.patches = self.patches.with_column(factor)
            rest = values * factor
        w = self.weights.transpose(0, 2, 1)
        taken = self.patches[..., : w.shape[1]]
        if self.shared:
            p, q = taken.shape[1:]
            z = (taken.reshape(n * p, q) @ w[0]).reshape(n, p, w.shape[2])
        else:
            z = (taken.transpose(1, 0, 2) @ w).transpose(1, 0, 2)
        if rest is not None:
            z = z + rest
        if self.alpha:
            z = z + h.reshape(*z.shape) * self.alpha
        self.dead = none.all(-1)[..., None] & np.ones(z.shape, bool)
        if self.bias is not None:
            self.dead = np.zeros(z.shape, bool)
        if self.alpha:
            self.dead &= dead.reshape(z.shape)
        # Where z is 0 for all weights, the slope at the kink does not matter.
        self.dead &= self.activation.kinked
        self.z = z.where(self.dead, 1.0)
        value, self.d1, self.d2 = self.activation.at(self.z)
        value, self.d1 = value.where(self.dead, 0.0), self.d1.where(self.dead, 0.0)
        out = value * self.gain
        if self.beta:
            out = out + h.reshape(*z.shape) * self.beta
        passes = self.dead & dead.reshape(z.shape) if self.beta else self.dead
        return out.reshape(n, *self.output), passes.reshape(n, *self.output)

    def backward(self, c: Ball) -> Ball:
        """Derivatives of all outputs for the incoming features, from those for the outgoing."""
        n, k = c.shape[:2]
        p, f = self.z.shape[1:]
        self.c = c.reshape(n, k, p, f)
        self.e = self.c * (self.d1 * self.gain).reshape(n, 1, p, f)
        q, size = self.weights.shape[2], int(np.prod(self.input))
        if self.shared:
            g = (self.e.reshape(n * k * p, f) @ self.weights[0]).reshape(n * k, p * q)
        else:
            g = (self.e.reshape(n * k, p, f).transpose(1, 0, 2) @ self.weights).transpose(1, 0, 2)
            g = g.reshape(n * k, p * q)
        if self.table is not None:
            g = g.with_column(0.0)[:, self.back].sum(-1)
        g = g.reshape(n, k, size) * self.factor
        if self.alpha:
            g = g + self.e.reshape(n, k, size) * self.alpha
        if self.beta:
            g = g + self.c.reshape(n, k, size) * self.beta
        return g.reshape(n, k, *self.input)

    def gram(self) -> Ball | None:
        """The layer's part of the tangent kernel, with rows (sample, output)."""
        if self.slot is None:
            return None
        n, k, p, f = self.e.shape
        q = self.patches.shape[2]
        if self.shared and p > 1:
            j = self.e.transpose(0, 1, 3, 2) @ self.patches.reshape(n, 1, p, q)
            j = j.reshape(n * k, f * q)
            return j @ j.T
        each = np.repeat(np.arange(n), k)
        total = None
        for at in range(p):
            e, u = self.e[:, :, at].reshape(n * k, f), self.patches[:, at]
            part = (e @ e.T) * (u @ u.T)[np.ix_(each, each)]
            total = part if total is None else total + part
        return total

    def first(self, rows: Rows, rho: float) -> Rows:
        """Bounds of the derivatives of z and of the outgoing features."""
        self._measure(rows, rho)
        dev = up(self.rows_z.entry * rho, 1)
        a, beta, gain = self.activation, abs(self.beta), self.gain
        if a.kinked:
            self._require_signs(dev)
        slope = np.minimum(a.slope, up(self.d1.ball().mag() + a.bend * dev, 2))
        self.bend = np.minimum(a.bend, up(self.d2.ball().mag() + a.third * dev, 2))
        self.slopes = np.max(slope, (1, 2))
        self.slope = float(np.max(slope))
        out = self.rows_z.times(up(gain * self.slope, 1), up(gain * self.slopes, 1))
        entry = gain * slope * self.rows_z.entry
        if beta:
            out = out.plus(rows.times(beta, beta))
            entry = entry + beta * rows.entry.reshape(self.z.shape)
        entry = up(entry, 6).reshape(len(entry), *self.output)
        return dataclasses.replace(out, entry=entry).tightened()

    def _measure(self, rows: Rows, rho: float) -> None:
        """The derivatives of z, and the norms that they are made of."""
        w, s, patches = self.weights.ball(), self.factor, self.patches.ball()
        moves, moved = rows.within(rho)
        spread = 1.0 if self.table is None else float(up(np.sqrt(self.back.shape[1]), 1))
        own = 0.0 if self.slot is None else rho
        self.reach = up(s * spread, 1)  # of dW, through the patches
        norms = [operator_norm(w[i]) for i in range(w.shape[0])]
        if self.table is None and self.alpha:
            identity = Ball(np.eye(w.shape[2]))
            norms = [operator_norm(w[0] * s + identity * self.alpha)]
            self.through = up(norms[0] + s * own, 3)
        else:
            self.through = up(abs(self.alpha) + self.reach * (max(norms) + own), 4)
        single = up(s * (row_norms(w) + own), 3)[None]  # rows of the map
        entry = rows.entry.reshape(len(moved), -1)
        if self.table is None:
            seen = norm(entry, 1)[:, None]
        else:
            seen = norm(np.concatenate([entry, np.zeros((len(entry), 1))], 1)[:, self.table], -1)
        seen = np.minimum(seen, norm(rows.sample, 1)[:, None])
        self.rows_in, self.rows_z = rows, rows.times(self.through, self.through)
        reached = np.zeros((1, 1, 1))
        if self.slot is not None:
            n, p, q = patches.shape
            if self.shared:
                all_norm = operator_norm(patches.reshape(n * p, q))
            else:
                all_norm = max(operator_norm(patches[:, at]) for at in range(p))
            at = row_norms(patches)
            each = patch_norms(patches, at) if self.shared else np.max(at, 1)
            grown = up(self.reach * moved, 1)
            self.rows_z = self.rows_z.with_part(
                self.slot, up(all_norm + self.reach * moves, 2), up(each + grown, 1)
            )
            reached = up(at + np.minimum(grown[:, None], self.factor * rho * seen), 4)[..., None]
        # Entry by entry: own part and earlier parts are different coordinates of the direction.
        earlier = seen[..., None] * single
        if self.alpha:
            earlier = earlier + abs(self.alpha) * entry.reshape(self.z.shape)
        each_z = up(np.sqrt(up(reached**2 + up(earlier, 5) ** 2, 3)), 2)
        self.rows_z = dataclasses.replace(self.rows_z, entry=each_z).tightened()

    def _require_signs(self, dev: np.ndarray) -> None:
        z = self.z.ball()
        flips = ~(up(dev + z.rad, 2) < np.abs(z.mid)) & ~self.dead
        if flips.any():
            i, p, r = np.argwhere(flips)[0]
            factor = float(dev[i, p, r]) / max(abs(float(z.mid[i, p, r])), 1e-300)
            raise RefusedError(
                f"pre-activation of layer {self.name}, sample {i}, window {p}, feature {r} may "
                f"change its sign within the ball: it moves by up to {factor:.3g} times its size"
            )

    def second(self, rows: Rows, rho: float, q: np.ndarray) -> Rows:
        """Adds the layer's part of the curvature to q; bounds of the changes of `backward`."""
        e, gain = self.e.ball(), self.gain
        n, k, p, f = e.shape
        _, moved = rows.within(rho)
        columns = up(norm(self.c.ball().mag(), 1) + moved[:, None, None], 1)
        bent = up(gain * np.max(self.bend * columns, (1, 2)), 3)
        rows_e = rows.times(up(gain * self.slope, 1), up(gain * self.slopes, 1))
        rows_e = rows_e.plus(self.rows_z.times(float(np.max(bent)), bent))
        q += bending(self.rows_z, bent)
        e_moves, e_moved = rows_e.within(rho)
        each = up(sample_norms(e.reshape(n, k, p * f)) + e_moved, 1)
        if self.shared:
            stacked = operator_norm(e.reshape(n * k * p, f))
        else:
            stacked = max(operator_norm(e[:, :, at].reshape(n * k, f)) for at in range(p))
        stacked = up(stacked + min(e_moves, float(norm(e_moved))), 1)
        if self.slot is not None:
            term = up(self.reach * bilinear(self.rows_in, each, stacked), 1)
            q[self.slot] += term
            q[:, self.slot] += term
        inward = rows_e.times(self.through, self.through)
        if self.beta:
            inward = inward.plus(rows.times(abs(self.beta), abs(self.beta)))
        # The rows of e at one window are what a change of the weights meets.
        grain = norm(row_norms(e.transpose(0, 2, 1, 3)), (1, 2))
        grain = np.minimum(up(grain + e_moved, 1), stacked) if p > 1 else each
        return inward.with_part(self.slot, up(self.reach * stacked, 1), up(self.reach * grain, 1))


def bending(z: Rows, bent: np.ndarray) -> np.ndarray:
    """The term with the second derivative of the activation, for every pair of parts."""
    once = np.outer(z.batch, np.max(bent[:, None] * z.sample, 0))
    both = np.array([norm(bent[:, None] * z.sample[:, j : j + 1] * z.sample, 0)
                     for j in range(len(z.batch))])  # fmt: skip
    both = both.reshape(once.shape)
    return up(np.minimum(np.minimum(once, once.T), both), 4)


def bilinear(h: Rows, each: np.ndarray, stacked: float) -> np.ndarray:
    """The term with a change of the weights and one of what they see, for every other part."""
    one = np.minimum(np.max(each) * h.batch, stacked * np.max(h.sample, 0))
    return up(np.minimum(one, norm(each[:, None] * h.sample, 0)), 3)


def sample_norms(e: Ball) -> np.ndarray:
    """Upper bounds of the operator norms of a stack of matrices."""
    size = norm(e.mag(), (1, 2))
    if not 1 < min(e.shape[1:]) <= SHARP:
        return size
    turned = e.transpose(0, 2, 1)
    gram = e @ turned if e.shape[1] <= e.shape[2] else turned @ e
    squares = np.maximum(-least_eigenvalues(-gram), FLOOR)
    return np.minimum(size, up(np.sqrt(squares), 2))


def patch_norms(patches: Ball, at: np.ndarray) -> np.ndarray:
    """Upper bounds of the operator norms of the patches of every sample."""
    return np.minimum(sample_norms(patches), norm(at, 1))
