r"""The equilibrium layer $h' = \phi(z)$, $z = sAh' + h$, a contraction.

For any $\tilde h$, $\lVert h' - \tilde h\rVert \le \lVert\phi(sA\tilde h + h) - \tilde h\rVert/(1 -
\gamma)$ with $\gamma = \sup|\phi'|\,s\lVert A\rVert < 1$; the same encloses the derivatives, which
solve $\bar c = c + sA^\top D\bar c$, $e = D\bar c$ with $D = \operatorname{diag}\phi'(z)$.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.activations import Activation
from surefit_checker.affine import bending, bilinear, sample_norms
from surefit_checker.ball import Ball, norm, up
from surefit_checker.rows import Rows
from surefit_checker.spectrum import operator_norm, row_norms
from surefit_checker.verdict import RefusedError, UndecidedError

ROUNDS = 2000


@dataclasses.dataclass
class Equilibrium:
    """One layer.

    Args:
        name: for messages.
        weights: A.
        factor: s.
        activation: of the layer.
        slot: number of its part of the direction; None: not trained.
        keep: whether the incoming features stand beside the state in the output.
    """

    name: str
    weights: Ball
    factor: float
    activation: Activation
    slot: int | None
    keep: bool

    @property
    def output(self) -> tuple[int, ...]:
        """Shape of an outgoing example."""
        return ((1 + self.keep) * self.weights.shape[0],)

    def contraction(self, rho: float, slope: float) -> float:
        """Gamma, for weights within rho."""
        gamma = up(slope * self.factor * (self.norm + rho), 4)
        if not gamma < 1:
            raise RefusedError(
                f"layer {self.name} is no contraction: its bound is {gamma:.4g}, not below 1"
            )
        return gamma

    def forward(self, h: Ball, dead: np.ndarray) -> tuple[Ball, np.ndarray]:
        """The state, enclosed; nothing is known to be 0 for all weights."""
        if not isinstance(h, Ball):
            raise UndecidedError("equilibrium layers are checked in float64 only")
        self.norm, s, w = operator_norm(self.weights), self.factor, self.weights
        self.input = h.shape[1:]
        gamma = self.contraction(0.0, self.activation.slope)

        def step(state: Ball) -> Ball:
            return self.activation.at((state @ w.T) * s + h)[0]

        state = _iterate(lambda x: step(Ball(x)).mid, np.zeros(h.shape), gamma)
        error = up(row_norms(step(Ball(state)) - Ball(state)) / _below_one_minus(gamma), 1)
        state = Ball(state, np.broadcast_to(error[:, None], state.shape))
        self.z = (state @ w.T) * s + h
        value, self.d1, self.d2 = self.activation.at(self.z)
        self.fed = value * s
        if self.keep:
            value = Ball(*(np.concatenate(p, 1) for p in ((value.mid, h.mid), (value.rad, h.rad))))
        return value, np.zeros(value.shape, bool)

    def backward(self, c: Ball) -> Ball:
        """Derivatives of all outputs for the incoming features."""
        n, k = c.shape[:2]
        m, s, w = self.weights.shape[0], self.factor, self.weights
        gamma = self.contraction(0.0, self.activation.slope)
        own, d1 = c[:, :, :m], self.d1.reshape(n, 1, m)

        def step(x: Ball) -> Ball:
            return own + ((x * d1).reshape(n * k, m) @ w).reshape(n, k, m) * s

        def rough(x: np.ndarray) -> np.ndarray:
            return own.mid + s * ((x * d1.mid) @ w.mid)

        total = _iterate(rough, own.mid, gamma)
        error = row_norms(step(Ball(total)) - Ball(total)) / _below_one_minus(gamma)
        self.total = Ball(total, np.broadcast_to(up(error, 1)[..., None], total.shape))
        self.e = self.total * d1
        return self.e + c[:, :, m:] if self.keep else self.e

    def gram(self) -> Ball | None:
        """The layer's part of the tangent kernel, with rows (sample, output)."""
        if self.slot is None:
            return None
        n, k, m = self.e.shape
        e, each = self.e.reshape(n * k, m), np.repeat(np.arange(n), k)
        return (e @ e.T) * (self.fed @ self.fed.T)[np.ix_(each, each)]

    def first(self, rows: Rows, rho: float) -> Rows:
        """Bounds of the derivatives of z and of the outgoing features."""
        own, s, a = (0.0 if self.slot is None else rho), self.factor, self.activation
        rest = _below_one_minus(self.contraction(own, a.slope))
        batch, each = operator_norm(self.fed), row_norms(self.fed)  # s times the state
        moves, moved = rows.within(rho)
        # h' - h0' = phi(sAh' + u) - phi(sA0h0' + u0), with A h' - A0 h0' = A (h' - h0') + dA h0'.
        state_moves = up(a.slope * (own * batch + moves) / rest, 5)
        state_moved = up(a.slope * (own * each + moved) / rest, 5)
        single = up(s * (row_norms(self.weights) + own), 3)[None]
        dev = rho * rows.entry + (own * each)[:, None] + single * state_moved[:, None]
        dev = up(np.minimum(dev, ((moved + own * each) / rest)[:, None]), 6)
        if a.kinked:
            flips = ~(up(dev + self.z.rad, 2) < np.abs(self.z.mid))
            if flips.any():
                i, r = np.argwhere(flips)[0]
                raise RefusedError(
                    f"pre-activation of layer {self.name}, sample {i}, feature {r} may change its "
                    f"sign within the ball: it is {float(self.z.mid[i, r]):.3g}"
                )
        self.turn = np.minimum(up(a.bend * dev, 1), 2 * a.slope)  # of the slopes
        slope = np.minimum(a.slope, up(self.d1.mag() + self.turn, 2))
        self.bend = np.minimum(a.bend, up(self.d2.mag() + a.third * dev, 2))
        self.slope, self.slopes = float(np.max(slope)), np.max(slope, 1)
        self.rest = _below_one_minus(self.contraction(own, self.slope))
        grown = up(batch + s * state_moves, 2), up(each + s * state_moved, 2)
        self.rows_z = rows.with_part(self.slot, *grown).times(*[up(1 / self.rest, 2)] * 2)
        state = self.rows_z.times(self.slope, self.slopes)
        felt = up(slope * norm(self.rows_z.sample, 1)[:, None], 1)
        self.rows_state = dataclasses.replace(state, entry=felt).tightened()
        if not self.keep:
            return self.rows_state
        both = np.concatenate([self.rows_state.entry, rows.entry], 1)
        return dataclasses.replace(self.rows_state.plus(rows), entry=both)

    def second(self, rows: Rows, rho: float, q: np.ndarray) -> Rows:
        """Adds the layer's part of the curvature to q; bounds of the changes of `backward`."""
        own, s, z = (0.0 if self.slot is None else rho), self.factor, self.rows_z
        n, k, m = self.e.shape
        _, moved = rows.within(rho)
        columns, size = norm(self.total.mag(), 1), norm(self.total.mag(), (1, 2))
        turned = up(np.max(self.turn, 1) * size, 1)
        total_moved = up(
            (moved + s * own * self.slopes * size + s * (self.norm + own) * turned) / self.rest, 8
        )
        bent = np.max(up(self.bend * (columns + total_moved[:, None]), 2), 1)
        q += bending(z, bent)
        # e on the ball: e = D c, and both factors move.
        e_moved = up(self.slopes * total_moved + turned, 3)
        each = up(sample_norms(self.e) + e_moved, 1)
        stacked = up(operator_norm(self.e.reshape(n * k, m)) + norm(e_moved), 1)
        inverse = up(1 / self.rest, 2)
        if self.slot is not None:
            term = up(s * bilinear(self.rows_state, each, stacked), 1)
            q[self.slot] += term
            q[:, self.slot] += term
        # de = phi'' dz c + D (dc + s dA^T e + s A^T de).
        change = rows.with_part(self.slot, up(s * stacked, 1), up(s * each, 1))
        change = change.times(self.slope, self.slopes).plus(z.times(float(np.max(bent)), bent))
        change = change.times(inverse, inverse)
        return change.plus(rows) if self.keep else change


def _below_one_minus(gamma: float) -> float:
    return (1.0 - gamma) * (1.0 - 2.0**-50)


def _iterate(step, x: np.ndarray, gamma: float) -> np.ndarray:
    for _ in range(ROUNDS):
        after = step(x)
        if not np.max(np.abs(after - x)) > 1e-15 * (1 - gamma) * max(np.max(np.abs(after)), 1e-300):
            return after
        x = after
    return x
