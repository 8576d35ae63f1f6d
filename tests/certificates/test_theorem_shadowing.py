r"""Theorem 4 (docs/certificates/shadowing.md): a run with errors shadows the exact one."""

import numpy as np
import pytest

K1, K2, K3 = 1.0, 4 / 27**0.5, 2.0  # sup |tanh'|, |tanh''|, |tanh'''|


def norm(x, axis=None):
    return np.sqrt(np.sum(x * x, axis=axis))


class Networks:
    """T two-layer tanh networks f_i = s sum_j a_j tanh(w_j x_i); theta (T, m, 1 + d)."""

    def __init__(self, rng, trials=40, n=5, d=2, m=6):
        self.x, self.s = rng.normal(size=(n, d)), 0.5
        self.y = rng.normal(size=(trials, n))
        self.theta = rng.normal(size=(trials, m, 1 + d))
        self.size = norm(self.x, 1).max()
        self.spread = np.linalg.norm(self.x, 2)
        self.fourth = np.sqrt(np.linalg.eigvalsh((self.x @ self.x.T) ** 2)[-1])

    def parts(self, theta):
        t = np.tanh(theta[..., 1:] @ self.x.T)
        slope = 1 - t**2
        r = self.s * np.einsum("tmn,tm->tn", t, theta[..., 0]) - self.y
        return r, t, slope, -2 * t * slope

    def jacobian(self, theta):
        _, t, slope, _ = self.parts(theta)
        inner = (theta[..., :1] * slope)[..., None] * self.x
        return self.s * np.concatenate([t[..., None], inner], axis=-1)  # (T, m, n, 1 + d)

    def gradient(self, theta):
        return np.einsum("tmnp,tn->tmp", self.jacobian(theta), self.parts(theta)[0])

    def blocks(self, theta):
        """b_j and C_j of the residual part of the Hessian."""
        r, _, slope, bend = self.parts(theta)
        b = self.s * np.einsum("tmn,np->tmp", slope * r[:, None], self.x)
        weights = self.s * theta[..., :1] * bend * r[:, None]
        return b, np.einsum("tmn,np,nq->tmpq", weights, self.x, self.x)

    def residual_hessian(self, theta):
        b, c = self.blocks(theta)
        full = np.zeros((*b.shape, b.shape[-1]))
        full = np.pad(full, ((0, 0), (0, 0), (1, 0), (1, 0)))
        full[..., 0, 1:] = full[..., 1:, 0] = b
        full[..., 1:, 1:] = c
        return full

    def bounds(self, theta, e):
        """nu and a bound of lambda_max of the Hessian on the balls of radius e (T,)."""
        r, _, _, bend = self.parts(theta)
        j = self.jacobian(theta)
        size = np.linalg.norm(j.transpose(0, 2, 1, 3).reshape(*r.shape, -1), 2, axis=(1, 2))
        # A Lipschitz constant of J on the ball: the two-layer bound with global suprema.
        a = self.s * (np.abs(theta[..., 0]).max(1) + e) * K2 * self.fourth
        b = self.s * K1 * self.spread
        beta = size + e * (a + np.sqrt(a * a + 4 * b * b)) / 2
        rm = norm(r, 1) + beta * e
        b, c = self.blocks(theta)
        db = self.s * self.spread * (K1 * beta + K2 * self.size * rm) * e
        inner = (np.abs(theta[..., 0]) + e[:, None]) * (K2 * beta + K3 * self.size * rm)[:, None]
        dc = self.s * self.fourth * (norm(r[:, None] * bend, 2) + inner) * e[:, None]
        low = np.maximum(0, -np.linalg.eigvalsh(c)[..., 0]) + dc
        side = norm(b, 2) + db[:, None]
        nu = ((low + np.sqrt(low**2 + 4 * side**2)) / 2).max(axis=1)
        high = norm(c, (2, 3)) + dc
        top = beta**2 + ((high + np.sqrt(high**2 + 4 * side**2)) / 2).max(axis=1)
        return nu, top, side - norm(b, 2), dc


@pytest.mark.parametrize("kind", ["random", "apart", "curved"])
def test_the_exact_run_stays_in_the_tube(kind):
    rng = np.random.default_rng(0)
    nets = Networks(rng)
    exact = nets.theta
    radius = np.full(len(exact), 1e-5)
    start = rng.normal(size=exact.shape)
    near = exact + start * (radius / norm(start, (1, 2)))[:, None, None]
    eta = 1 / nets.bounds(near, np.full(len(exact), 0.1))[1]
    error, used = 1e-7, []
    for _ in range(150):
        nu, top, _, _ = nets.bounds(near, radius)
        assert np.all(eta * top <= 2 + eta * nu)
        gap = near - exact
        if kind == "random":
            push = rng.normal(size=exact.shape)
        elif kind == "apart":
            push = gap
        else:
            vectors = np.linalg.eigh(nets.residual_hessian(near))[1][..., 0]
            sign = np.sign(np.einsum("tmp,tmp->t", vectors, gap))
            push = vectors * np.where(sign == 0, 1.0, sign)[:, None, None]
        push = push / norm(push, (1, 2))[:, None, None]
        near = near - eta[:, None, None] * nets.gradient(near) + error * push
        exact = exact - eta[:, None, None] * nets.gradient(exact)
        radius = (1 + eta * nu) * radius + error
        distance = norm(near - exact, (1, 2))
        assert np.all(distance <= radius * (1 + 1e-9))
        used.append(distance / radius)
    if kind == "apart":
        assert np.max(used) > 0.3  # no large part of the tube is waste


def test_the_growth_is_bounded_by_the_exponential_of_its_sum():
    rng = np.random.default_rng(1)
    nu, eps = rng.exponential(size=(500, 60)), rng.exponential(size=(500, 60))
    e = np.zeros(500)
    for k in range(60):
        e = (1 + 0.1 * nu[:, k]) * e + eps[:, k]
    assert np.all(e <= np.exp(0.1 * nu.sum(axis=1)) * eps.sum(axis=1))


def test_the_recursion_is_attained():
    # loss = -nu theta^2 / 2: errors grow by 1 + eta nu in every step.
    nu, eta, error = 0.7, 0.2, 1e-3
    near = exact = e = 0.0
    for _ in range(30):
        near, exact = near + eta * nu * near + error, exact + eta * nu * exact
        e = (1 + eta * nu) * e + error
    np.testing.assert_allclose(near - exact, e, rtol=1e-12)


def test_steps_beyond_two_over_the_curvature_leave_the_tube():
    # loss = theta^2 / 2 is convex (nu = 0), but eta = 2.1 expands.
    near, exact, e = 1e-6, 0.0, 1e-6
    for _ in range(20):
        near, exact = near - 2.1 * near, exact - 2.1 * exact
    assert abs(near - exact) > 5 * e


def test_the_blocks_are_the_hessian():
    rng = np.random.default_rng(2)
    nets = Networks(rng, trials=3)
    theta, h = nets.theta, 1e-5
    full = nets.residual_hessian(theta)
    j = nets.jacobian(theta)
    size = theta[0].size
    for index in range(size):
        step = np.zeros(size)
        step[index] = h
        step = step.reshape(theta.shape[1:])
        change = (nets.gradient(theta + step) - nets.gradient(theta - step)) / (2 * h)
        j_index = np.einsum("tmnp,mp->tn", j, step / h)
        gauss = np.einsum("tmnp,tn->tmp", j, j_index)
        rest = np.zeros_like(change)
        feature, entry = divmod(index, theta.shape[2])
        rest[:, feature] = full[:, feature, :, entry]
        np.testing.assert_allclose(change, gauss + rest, atol=1e-7)


@pytest.mark.parametrize("e", [1e-4, 1e-2, 0.3])
def test_bounds_of_the_blocks_on_the_ball(e):
    rng = np.random.default_rng(3)
    nets = Networks(rng, trials=80)
    radius = np.full(80, e)
    nu, top, db, dc = nets.bounds(nets.theta, radius)
    b, c = nets.blocks(nets.theta)
    for _ in range(20):
        step = rng.normal(size=nets.theta.shape) * rng.exponential(size=(80, 6, 1)) ** 2
        theta = nets.theta + step * (radius / norm(step, (1, 2)))[:, None, None]
        nb, nc = nets.blocks(theta)
        assert np.all(norm(nb - b, 2) <= db)
        assert np.all(np.linalg.norm(nc - c, 2, axis=(2, 3)) <= dc)
        values = np.linalg.eigvalsh(nets.residual_hessian(theta))
        assert np.all(-values.min(axis=(1, 2)) <= nu)
        j = nets.jacobian(theta).transpose(0, 2, 1, 3).reshape(80, 5, -1)
        assert np.all(np.linalg.norm(j, 2, axis=(1, 2)) ** 2 + values.max(axis=(1, 2)) <= top)


def test_the_bound_of_a_block_is_attained():
    rng = np.random.default_rng(4)
    b, c = rng.normal(size=(300, 3)), rng.normal(size=(300, 3, 3))
    c = c + np.swapaxes(c, 1, 2)
    full = np.zeros((300, 4, 4))
    full[:, 0, 1:] = full[:, 1:, 0] = b
    full[:, 1:, 1:] = c
    low = np.maximum(0, -np.linalg.eigvalsh(c)[:, 0])
    bound = (low + np.sqrt(low**2 + 4 * norm(b, 1) ** 2)) / 2
    assert np.all(-np.linalg.eigvalsh(full)[:, 0] <= bound + 1e-12)
    # With b along the lowest eigenvector of C it is exact.
    values, vectors = np.linalg.eigh(c)
    full[:, 0, 1:] = full[:, 1:, 0] = vectors[:, :, 0]
    low = np.maximum(0, -values[:, 0])
    sharp = values[:, 0] < 0
    exact = -np.linalg.eigvalsh(full)[sharp, 0]
    np.testing.assert_allclose(exact, ((low + np.sqrt(low**2 + 4)) / 2)[sharp])
