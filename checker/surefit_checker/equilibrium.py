r"""The equilibrium layer $h' = \phi(z)$, $z = sAh' + h$, a contraction.

For any $\tilde h$, $\lVert h' - \tilde h\rVert \le \lVert\phi(sA\tilde h + h) - \tilde h\rVert/(1 -
\gamma)$ with $\gamma = \sup|\phi'|\,s\lVert A\rVert < 1$; the same encloses the derivatives, which
solve $\bar c = c + sA^\top D\bar c$, $e = D\bar c$ with $D = \operatorname{diag}\phi'(z)$.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit_checker.activations import Activation
from surefit_checker.ball import Ball, norm, up
from surefit_checker.layers import SHARP, Layer, outer_gram
from surefit_checker.rows import Rows
from surefit_checker.spectrum import operator_norm, operator_norms, row_norms
from surefit_checker.verdict import RefusedError, UndecidedError

ROUNDS = 2000


@dataclasses.dataclass
class Equilibrium(Layer):
    """One layer.

    Args:
        name: for messages.
        weights: A.
        activation: of the layer.
        factor: s.
        slot: number of its part of the direction; None: not trained.
        keep: whether the incoming features stand beside the state in the output.
    """

    name: str
    weights: Ball
    activation: Activation
    factor: float
    slot: int | None
    keep: bool

    def modulus(self, rho: float, slope: float) -> float:
        """Gamma, for weights within rho (if they are trained) and slopes up to this."""
        own = 0.0 if self.slot is None else rho
        return up(slope * self.factor * (self.norm + own), 4)

    def resolvent(self, rho: float, slope: float) -> float:
        """A bound of 1/(1 - gamma)."""
        gamma = self.modulus(rho, slope)
        if not gamma < 1:
            raise RefusedError(
                f"layer {self.name} is no contraction: its bound is {gamma:.4g}, not below 1"
            )
        return up(1.0 / (1.0 - gamma), 2)

    def forward(self, h: Ball, dead: np.ndarray) -> tuple[Ball, np.ndarray]:
        """The state, enclosed; nothing is known to be 0 for all weights."""
        if not isinstance(h, Ball):
            raise UndecidedError("equilibrium layers are checked in float64 only")
        self.norm, self.size = operator_norm(self.weights), h.shape[1]
        s, w = self.factor, self.weights

        def step(state: Ball) -> Ball:
            return self.activation.at((state @ w.T) * s + h)[0]

        self.sharp = self.resolvent(0.0, self.activation.slope)
        state = self._enclosed(np.zeros(h.shape), lambda x: step(Ball(x)).mid, step)
        self.z, self.dead = (state @ w.T) * s + h, np.zeros(h.shape, bool)
        value, self.d1, self.d2 = self.activation.at(self.z)
        self.fed = value * s
        out = value.join(h) if self.keep else value
        return out, np.zeros(out.shape, bool)

    def _enclosed(self, x: np.ndarray, rough, step) -> Ball:
        """The fixed point of a contraction, approached by a float version of it."""
        for _ in range(ROUNDS):
            before, x = x, rough(x)
            size = max(np.max(np.abs(x)), 1e-300)
            if not np.max(np.abs(x - before)) > 1e-15 / self.sharp * size:
                break
        error = up(row_norms(step(Ball(x)) - Ball(x)) * self.sharp, 1)
        return Ball(x, np.broadcast_to(error[..., None], x.shape))

    def backward(self, c: Ball) -> Ball:
        """Derivatives of all outputs for the incoming features."""
        (n, k), (m, s, w) = c.shape[:2], (self.weights.shape[0], self.factor, self.weights)
        own, d1 = c[:, :, :m], self.d1.reshape(n, 1, m)

        def step(x: Ball) -> Ball:
            return own + ((x * d1).reshape(n * k, m) @ w).reshape(n, k, m) * s

        def rough(x: np.ndarray) -> np.ndarray:
            return own.mid + s * ((x * d1.mid) @ w.mid)

        self.total = self._enclosed(own.mid, rough, step)
        self.e = self.total * d1
        return self.e + c[:, :, m:] if self.keep else self.e

    def own_kernel(self) -> Ball:
        """The layer's part of the tangent kernel, with rows (sample, output)."""
        return outer_gram(self.e.reshape(-1, self.e.shape[2]), self.fed)

    def first(self, rows: Rows, rho: float) -> Rows:
        """Bounds of the derivatives of z and of the outgoing features."""
        own, s, a = (0.0 if self.slot is None else rho), self.factor, self.activation
        inverse = self.resolvent(rho, a.slope)
        batch, each = operator_norm(self.fed), row_norms(self.fed)  # s times the state
        moves, moved = rows.within(rho)
        # h' - h0' = phi(sAh' + u) - phi(sA0h0' + u0), with A h' - A0 h0' = A (h' - h0') + dA h0'.
        state_moves = up(a.slope * (own * batch + moves) * inverse, 5)
        state_moved = up(a.slope * (own * each + moved) * inverse, 5)
        single = up(s * (row_norms(self.weights) + own), 3)
        dev = rho * rows.entry + (own * each)[:, None] + single * state_moved[:, None]
        slope = self.bend_on(up(np.minimum(dev, ((moved + own * each) * inverse)[:, None]), 6))
        self.inverse = self.resolvent(rho, float(np.max(slope)))
        grown = up(batch + s * state_moves, 2), up(each + s * state_moved, 2)
        self.rows_z = rows.with_part(self.slot, *grown).times(self.inverse)
        state = self.rows_z.times(self.slopes)
        self.rows_state = state.with_entries(up(slope * norm(self.rows_z.sample, 1)[:, None], 1))
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
        total_moved = moved + s * own * self.slopes * size + s * (self.norm + own) * turned
        total_moved = up(total_moved * self.inverse, 8)
        bent = np.max(up(self.bend * (columns + total_moved[:, None]), 2), 1)
        q += z.bending(bent)
        # e on the ball: e = D c, and both factors move.
        e_moved = up(self.slopes * total_moved + turned, 3)
        each = up(operator_norms(self.e, SHARP) + e_moved, 1)
        stacked = up(operator_norm(self.e.reshape(n * k, m)) + norm(e_moved), 1)
        if self.slot is not None:
            self.couple(q, up(s * self.rows_state.coupling(each, stacked), 1))
        # de = phi'' dz c + D (dc + s dA^T e + s A^T de).
        change = rows.with_part(self.slot, up(s * stacked, 1), up(s * each, 1))
        change = change.times(self.slopes).plus(z.times(bent)).times(self.inverse)
        return change.plus(rows) if self.keep else change
