r"""The equilibrium layer $h' = \phi(z)$, $z = sAh' + h$, a contraction.

For any $\tilde h$, $\lVert h' - \tilde h\rVert \le \lVert\phi(sA\tilde h + h) - \tilde h\rVert/(1 -
\gamma)$ with $\gamma = \sup|\phi'|\,s\lVert A\rVert < 1$; the same encloses the derivatives, which
solve $\bar c = c + sA^\top D\bar c$, $e = D\bar c$ with $D = \operatorname{diag}\phi'(z)$.
"""

from types import SimpleNamespace

import numpy as np

from surefit_checker.ball import Ball, norm, outer_gram, up
from surefit_checker.layers.layer import Layer, bend, couple, improved, sizes, times, within
from surefit_checker.spectrum import SHARP, operator_norm, operator_norms, row_norms
from surefit_checker.verdict import RefusedError, UndecidedError, demand

ROUNDS = 2000


class Equilibrium(Layer):
    """One layer: `weights` is A."""

    def __init__(self, spec: SimpleNamespace) -> None:
        super().__init__(spec)
        w = spec.folder.array(spec.weights)
        message = f"layer {spec.name}: equilibria need square weights, and vectors: flatten first"
        demand(len(spec.shape) == 1 and w.shape == spec.shape * 2, message)
        self.weights, self.factor, self.keep = Ball(w), spec.factor, spec.keep_input
        self.shape = ((1 + self.keep) * spec.shape[0],)

    def modulus(self, rho: float, slope: float) -> float:
        """Gamma, for weights within rho (if they are trained) and slopes up to this."""
        own = 0.0 if self.slot is None else rho
        return up(slope * self.factor * (self.norm + own), 4)

    def resolvent(self, rho: float, slope: float) -> float:
        """A bound of 1/(1 - gamma)."""
        gamma = self.modulus(rho, slope)
        if not gamma < 1:
            raise RefusedError(
                f"layer {self.spec.name} is no contraction: its bound is {gamma:.4g}, not below 1"
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
        # By rows of A, as the error of the state is known in norm.
        z, off = (Ball(state.mid) @ w.T) * s + h, up(row_norms(w) * state.rad * s, 2)
        self.z, self.dead = Ball(z.mid, up(z.rad + off, 1)), np.zeros(h.shape, bool)
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

    def first(self, rows: np.ndarray, entry: np.ndarray, rho: float) -> tuple[np.ndarray, ...]:
        """Rows and entries of the outgoing features from those of the incoming."""
        own, s, a = (0.0 if self.slot is None else rho), self.factor, self.activation
        inverse, moved = self.resolvent(rho, a.slope), within(rows, rho)
        state = sizes(row_norms(self.fed), operator_norm(self.fed))  # s times the state
        # h' - h0' = phi(sAh' + u) - phi(sA0h0' + u0), with A h' - A0 h0' = A (h' - h0') + dA h0'.
        state_moved = up(a.slope * (own * state + moved) * inverse, 5)
        single = up(s * (row_norms(self.weights) + own), 3)
        dev = rho * entry + (own * state)[1:, None] + single * state_moved[1:, None]
        whole = ((moved + own * state) * inverse)[1:, None]
        slope = self.bend_on(up(np.minimum(dev, whole), 6))
        self.inverse = self.resolvent(rho, float(np.max(slope)))
        z = self.with_own(rows, up(state + s * state_moved, 2))
        self.rows_z = times(z, self.inverse)
        after = up(slope * norm(self.rows_z[1:], 1)[:, None], 1)
        self.rows_state, after = improved(times(self.rows_z, self.slopes), after)
        if not self.keep:
            return self.rows_state, after
        return up(self.rows_state + rows, 1), np.concatenate([after, entry], 1)

    def second(self, rows: np.ndarray, rho: float, q: np.ndarray) -> np.ndarray:
        """Adds the layer's part of the curvature to q; rows of the changes of `backward`."""
        own, s, (n, k, m) = (0.0 if self.slot is None else rho), self.factor, self.e.shape
        columns, size = norm(self.total.mag(), 1), norm(self.total.mag(), (1, 2))
        turned, slopes = up(np.max(self.turn, 1) * size, 1), self.slopes[1:]
        moved = within(rows, rho)[1:] + s * own * slopes * size + s * (self.norm + own) * turned
        moved = up(moved * self.inverse, 8)
        bent = sizes(np.max(up(self.bend * (columns + moved[:, None]), 2), 1))
        bend(q, self.rows_z, bent)
        # e on the ball: e = D c, and both factors move.
        moved = up(slopes * moved + turned, 3)
        whole = operator_norm(self.e.reshape(n * k, m)) + norm(moved)
        outputs = up(sizes(operator_norms(self.e, SHARP) + moved, whole), 1)
        if self.slot is not None:
            couple(q, self.slot, self.rows_state, outputs, s)
        # de = phi'' dz c + D (dc + s dA^T e + s A^T de).
        change = times(self.with_own(rows, up(s * outputs, 1)), self.slopes)
        change = times(up(change + times(self.rows_z, bent), 1), self.inverse)
        return up(change + rows, 1) if self.keep else change
