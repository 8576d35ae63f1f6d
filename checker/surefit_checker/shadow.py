r"""A float run of descent on two dense layers, and how far exact descent may be from it.

$e_{k+1} = (1 + \hat\eta\nu_k)e_k + \varepsilon_k$ (docs/certificate-format.md). Computed norms are
inflated by `NEARLY`, more than the rounding of any sum of up to $2^{28}$ terms.
"""

import numpy as np

from surefit_checker.ball import FLOOR, Ball, U, gamma, norm, up
from surefit_checker.floats import TAU_DERIVATIVES, Floats
from surefit_checker.layers.dense import Dense
from surefit_checker.spectrum import largest_eigenvalues, row_norms
from surefit_checker.verdict import RefusedError, UndecidedError

NEARLY = 1.0 + 1e-7
TOP = 96  # eigenvectors that the curvature of the features is resolved in


def _size(x: np.ndarray) -> float:
    return float(np.sqrt(np.vdot(x, x))) * NEARLY + FLOOR


def _root(squares: np.ndarray) -> np.ndarray:
    return np.sqrt(squares) * NEARLY + FLOOR


def _sizes(x: np.ndarray, axis: int) -> np.ndarray:
    return _root(np.einsum("ij,ij->i" if axis else "ij,ij->j", x, x))


def _largest(k: Ball) -> float:
    found = float(largest_eigenvalues(k))
    if not found < np.inf:
        raise UndecidedError("an eigenvalue of the run could not be bounded")
    return found


class Shadow:
    """The run.

    Args:
        hidden, out: the layers, evaluated at the start.
        targets: what is subtracted from the output.
        step: the step on half the square.
        floats: the activation.
    """

    def __init__(self, hidden: Dense, out: Dense, targets: Ball, step: float, floats: Floats):
        self.hidden, self.out, self.step, self.floats = hidden, out, step, floats
        self.y, self.y_size = targets.mid, _size(targets.mag())
        self.y_error = _size(targets.rad)
        w, v = hidden.weights.mid[0], out.weights.mid[0]
        if hidden.bias is not None:
            w = np.concatenate([w, hidden.bias.mid.reshape(-1, 1)], 1)
        self.w, self.v = w.copy(), v.copy()
        u = hidden.patches[:, 0]
        self.u, (self.n, self.d), (self.k, self.m) = u.mid, u.shape, v.shape
        self.scale = out.spec.factor * out.spec.gain * hidden.spec.gain
        self.moves_out = float(out.slot is not None)
        self.pairs = u @ u.T
        square = self.pairs * self.pairs
        self.u_size = np.sqrt(_largest(self.pairs)) * NEARLY
        self.u_row, self.u_all = float(np.max(row_norms(u))), float(norm(u.mag()))
        self.s_size = np.sqrt(_largest(square)) * NEARLY
        # q'Mq <= |top'q|^2 + rest |q|^2 with the exact numbers `top`, for M the square.
        values, vectors = np.linalg.eigh(square.mid)
        self.top = vectors[:, -TOP:] * np.sqrt(np.maximum(values[-TOP:], 0.0))
        self.rest = _largest(square - Ball(self.top) @ Ball(self.top).T)
        self.limit = np.sqrt(2.0 / step) * (1.0 - 1e-12)
        self.radius = self.amplification = self.largest = self.reach = 0.0
        self.done = 0

    def run(self, steps: int) -> None:
        """All steps."""
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            for _ in range(steps):
                self.advance(0.05 / (self.step * steps))

    def advance(self, slack: float) -> None:
        """One step; `slack` is how much nu may be too large for saving time."""
        s, v = self.scale, self.v
        self.h, self.d1, self.bent = self.floats.at(self.u @ self.w.T)
        self.r = s * (self.h @ v.T) - self.y
        self.r_size = _size(self.r)
        if not np.isfinite(self.r_size):
            raise RefusedError(f"the run leaves the range of float64 at step {self.done}")
        if self.done == 0 or not self._away() <= self.reach:
            self._refer(new_norm=True)
        self._round()
        grads = [(self.r[:, c : c + 1] * self.d1).T @ self.u for c in range(self.k)]
        sizes = _root(sum(np.einsum("jd,jd->j", g, g) for g in grads))
        nu, more = self._curvature(sizes)
        if more > 0.05 * nu + slack:
            self._refer()
            self._round()
            nu, _ = self._curvature(sizes)
        beta = self.beta + self.lipschitz * self._away()
        self.largest = max(self.largest, float(up(self.step * beta * beta, 3)))
        t = self.step * s
        change_w = sum(v[c][:, None] * g for c, g in enumerate(grads)) * t
        change_v = t * (self.r.T @ self.h) * self.moves_out
        length = np.hypot(_size(change_w), _size(change_v))
        error = self.step * (beta * self.r_error + self.j_error * self.r_size)
        # Of the stored weights: half a unit in the last place of each.
        error += U * (np.hypot(self.w_size, self.v_size) + 2 * self._moved() + 8 * length)
        self.amplification += self.step * nu * NEARLY
        self.radius = float(up(self.radius * (1.0 + self.step * nu) + error * NEARLY, 8))
        self.w -= change_w
        self.v -= change_v
        # Both products are at least the sizes of the changes, up to rounding.
        self.dw += (t * sizes * (self.vj + self.dv) + 2 * U * (self.w_row + length)) * NEARLY
        self.dv += (_sizes(change_v, 0) + 2 * U * (self.v_row + length)) * NEARLY
        self.done += 1

    def step_error(self, rho: float, residual: float, beta: float) -> float:
        """A bound of the rounding of one step, wherever it starts within rho of the start.

        Args:
            rho: how far float weights may be from the start.
            residual: the largest norm of a residual there.
            beta: the largest norm of a Jacobian there.
        """
        slope = self.hidden.activation.slope
        self._weigh()
        self.dw, self.dv = np.full(1, rho), np.zeros(1)  # all weights together
        # Computed features and slopes are no larger than these.
        features, _, _ = self.floats.at(self.u @ self.w.T)
        w_row = self.w_row + rho
        way = self.u_row * (rho + 2 * gamma(self.d + 4) * w_row)
        more = slope * way + 2 * self.floats.error(self.u_row * w_row)
        self.h, self.d1 = np.abs(features) + more * NEARLY, np.full(features.shape, slope * NEARLY)
        self.r_size = residual
        self._round()
        self.r_size = residual + self.r_error  # of the computed residual
        self._round()
        error = self.step * (beta * self.r_error + self.j_error * self.r_size)
        step = self.step * (beta * residual) + error
        size = np.hypot(self.w_size, self.v_size) + rho
        return float(error + U * (size + 8 * step)) * NEARLY

    def _weigh(self) -> None:
        """The sizes of the weights."""
        rows, self.vj = _sizes(self.w, 1), _sizes(self.v, 0)
        self.w_size, self.w_row = _size(self.w), float(np.max(rows))
        self.v_size, self.v_row = _size(self.v), float(np.max(self.vj))
        self.both = _size(rows * self.vj)

    def _moved(self) -> float:
        return _size(np.hypot(self.dw, self.dv)) * NEARLY

    def _away(self) -> float:
        """How far from where the Jacobian's norm is known the ball reaches."""
        return float(up(self.far + self._moved() + self.radius, 3))

    def _round(self) -> None:
        """Bounds of the rounding errors of pre-activations, outputs and Jacobian."""
        a, s, n, m, moved = self.hidden.activation, self.scale, self.n, self.m, self._moved()
        w_row, v_row = self.w_row + moved, self.v_row + moved
        v_size = self.v_size + moved
        both = self.both + moved * (v_row + w_row)  # of the products |w_j| |v_j|
        tau, root = self.floats.error(self.u_row * w_row) * NEARLY, np.sqrt(n * m)
        g = gamma(self.d + 4) * NEARLY
        self.z_error = g * self.u_row * w_row  # of every pre-activation
        z_errors = g * self.u_all * (self.w_size + moved)  # of all together
        d_error = root * (TAU_DERIVATIVES + a.bend * self.z_error)
        h_size = _size(self.h)
        error = g * self.u_row * (_size(self.d1) + d_error) * both
        error += (tau * root + gamma(m + 4) * h_size) * v_size
        error = s * error + 8 * U * (self.r_size + 2 * self.y_size) + self.y_error
        self.r_error = error * NEARLY
        error = tau * root + a.slope * z_errors + self.u_row * v_row * d_error
        rows = h_size + 1.01 * self.u_row * np.sqrt(n) * a.slope * v_size
        self.j_error = s * (error + gamma(n + self.k + 12) * rows) * NEARLY

    def _refer(self, new_norm: bool = False) -> None:
        """Makes the current point the reference of sizes and of the blocks C_j."""
        a, r = self.hidden.activation, self.r_size
        self._weigh()
        self.dw, self.dv = np.zeros(self.m), np.zeros(self.m)
        self._round()
        if new_norm:
            self._new_norm()
        self.far = np.hypot(_size(self.w - self.w0), _size(self.v - self.v0)) * NEARLY
        q = (self.r @ self.v) * self.bent(self.d1)
        size = _sizes(q, 0)
        error = a.bend * self.r_error + r * (TAU_DERIVATIVES + a.third * self.z_error)
        error = error * self.vj + gamma(self.k + 8) * r * self.vj * (a.bend + 1.0)
        c = np.hypot(_sizes(self.top.T @ q, 0), np.sqrt(self.rest) * size)
        c += self.s_size * error + gamma(self.n + 8) * _size(self.top) * size
        self.c, self.r0 = self.scale * c * NEARLY, self.r
        self.r0_size, self.r0_error = r, self.r_error

    def _curvature(self, sizes: np.ndarray) -> tuple[float, float]:
        """The bound nu on the ball, and how much of it is due to the distance."""
        a, s, e = self.hidden.activation, self.scale, self.radius
        near = (self.beta + self.lipschitz * self._away()) * e  # the residual on the ball
        r = self.r_size + self.r_error + near
        rough = TAU_DERIVATIVES + a.bend * self.z_error + gamma(self.n + 8) * 1.01 * a.slope
        b = sizes + self.u_row * np.sqrt(self.n) * self.r_size * rough
        b += self.u_size * (a.slope * (self.r_error + near) + a.bend * self.u_row * r * e)
        b = self.moves_out * s * b * NEARLY
        vj = self.vj + self.dv
        change = _size(self.r - self.r0) + self.r_error + self.r0_error
        third = a.third * self.u_row
        far = a.bend * (change * vj + self.r0_size * self.dv)
        far += third * self.r0_size * self.vj * self.dw
        here = a.bend * (near * (vj + e) + r * e) + third * r * vj * e
        c = self.c + s * self.s_size * here * NEARLY
        farther = c + s * self.s_size * far * NEARLY
        low, nu = (float(np.max(c + np.hypot(c, 2 * b))) / 2 for c in (c, farther))
        return nu * NEARLY, nu - low

    def _new_norm(self) -> None:
        """Bounds the Jacobian and its Lipschitz constant around the current point."""
        self.w0, self.v0 = self.w.copy(), self.v.copy()
        n, k, a = self.n, self.k, self.hidden.activation
        tau = self.floats.error(self.u_row * self.w_row)
        h = Ball(self.h, (tau + a.slope * self.z_error) * NEARLY)
        d1 = Ball(self.d1, (TAU_DERIVATIVES + a.bend * self.z_error) * NEARLY)
        d = d1.each(lambda a: np.tile(a, (k, 1))) * np.repeat(self.v, n, 0)
        kernel = (d @ d.T) * self.pairs.each(lambda a: np.tile(a, (k, k)))
        if self.moves_out:
            kernel = kernel + (h @ h.T).each(lambda a: np.kron(np.eye(k), a))
        self.beta = self.scale * np.sqrt(_largest(kernel)) * NEARLY
        # On the ball of radius x: |D^2 f| <= max_j (A_j + sqrt(A_j^2 + 4 B^2)) / 2 (curvature.py).
        room = self.limit - self.beta
        b = self.scale * a.slope * self.u_size * self.moves_out
        for x in (0.0, room / (self.scale * a.bend * self.v_row * self.s_size + b)):
            c = self.scale * a.bend * (self.v_row + x * self.moves_out) * self.s_size
            self.lipschitz = (c + np.hypot(c, 2 * b)) / 2 * NEARLY
            self.reach = min(x, room / self.lipschitz / NEARLY)
        if not self.radius < self.reach:
            b = float(self.step * self.beta**2)
            raise RefusedError(
                f"step * (jacobian norm)^2 <= 2 fails at step {self.done}: it is {b:.6g} within "
                f"{self.radius:.3g} of the run"
            )
