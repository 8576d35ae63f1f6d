r"""Theorem 4 (docs/certificates/shadowing.md): a run with errors shadows the exact one."""

import numpy as np
import pytest

K1, K2, K3 = 1.0, 4 / 27**0.5, 2.0  # sup |tanh'|, |tanh''|, |tanh'''|


def norm(x, axis=None):
    return np.sqrt(np.sum(x * x, axis=axis))


class Networks:
    """T tanh networks f_ic = s sum_j a_cj tanh(w_j x_i), k outputs; theta (T, m, k + d)."""

    def __init__(self, rng, trials=40, n=5, d=2, m=6, k=2):
        self.x, self.s, self.k = rng.normal(size=(n, d)), 0.5, k
        self.y = 0.5 * rng.normal(size=(trials, n, k))
        self.theta = rng.normal(size=(trials, m, k + d))
        self.size = norm(self.x, 1).max()
        self.spread = np.linalg.norm(self.x, 2)
        self.fourth = np.sqrt(np.linalg.eigvalsh((self.x @ self.x.T) ** 2)[-1])

    def parts(self, theta):
        """Residual (T, n, k), and (T, m, n): tanh and its first two derivatives."""
        t = np.tanh(theta[..., self.k :] @ self.x.T)
        slope = 1 - t**2
        r = self.s * np.einsum("tmn,tmk->tnk", t, theta[..., : self.k]) - self.y
        return r, t, slope, -2 * t * slope

    def jacobian(self, theta):
        """(T, n, k, m, k + d)."""
        _, t, slope, _ = self.parts(theta)
        own = np.einsum("tmn,kl->tnkml", t, np.eye(self.k))
        inner = np.einsum("tmk,tmn,np->tnkmp", theta[..., : self.k], slope, self.x)
        return self.s * np.concatenate([own, inner], axis=-1)

    def norm_of_jacobian(self, theta):
        j = self.jacobian(theta)
        return np.linalg.norm(j.reshape(len(j), j.shape[1] * self.k, -1), 2, axis=(1, 2))

    def gradient(self, theta):
        return np.einsum("tnkmp,tnk->tmp", self.jacobian(theta), self.parts(theta)[0])

    def blocks(self, theta):
        """b_j (T, m, d, k) and C_j (T, m, d, d) of the residual part of the Hessian."""
        r, _, slope, bend = self.parts(theta)
        b = self.s * np.einsum("np,tmn,tnk->tmpk", self.x, slope, r)
        q = self.s * bend * np.einsum("tnk,tmk->tmn", r, theta[..., : self.k])
        return b, np.einsum("tmn,np,nq->tmpq", q, self.x, self.x)

    def residual_hessian(self, theta):
        b, c = self.blocks(theta)
        zero = np.zeros((*b.shape[:2], self.k, self.k))
        return np.block([[zero, np.swapaxes(b, 2, 3)], [b, c]])

    def bounds(self, theta, e, both_signs=False):
        """nu and the bound of lambda_max that goes with it, on the balls of radius e (T,)."""
        r, _, _, bend = self.parts(theta)
        a_norm = norm(theta[..., : self.k], 2)
        # A Lipschitz constant of J on the ball: the two-layer bound with global suprema.
        a = self.s * (a_norm.max(1) + e) * K2 * self.fourth
        b = self.s * K1 * self.spread
        beta = self.norm_of_jacobian(theta) + e * (a + np.sqrt(a * a + 4 * b * b)) / 2
        rm = norm(r, (1, 2)) + beta * e
        b, c = self.blocks(theta)
        b = np.linalg.norm(b, 2, axis=(2, 3))
        db = self.s * self.spread * (K1 * beta + K2 * self.size * rm) * e
        rho = np.sqrt(np.einsum("tmn,tn->tm", bend**2, norm(r, 2) ** 2))
        inner = (a_norm + e[:, None]) * (K2 * beta + K3 * self.size * rm)[:, None]
        dc = self.s * self.fourth * (rho + inner) * e[:, None]

        def join(c):
            return ((c + np.sqrt(c**2 + 4 * (b + db[:, None]) ** 2)) / 2).max(axis=1)

        high = join(norm(c, (2, 3)) + dc)
        low = join(np.maximum(0, -np.linalg.eigvalsh(c)[..., 0]) + dc)
        return (high, beta**2, db, dc) if both_signs else (low, beta**2 + high, db, dc)


@pytest.mark.parametrize("both_signs", [False, True])
@pytest.mark.parametrize("kind", ["random", "apart", "curved"])
def test_the_exact_run_stays_in_the_tube(kind, both_signs):
    rng = np.random.default_rng(0)
    nets = Networks(rng)
    exact = nets.theta
    radius = np.full(len(exact), 1e-6)
    start = rng.normal(size=exact.shape)
    near = exact + start * (radius / norm(start, (1, 2)))[:, None, None]
    eta = 1 / nets.bounds(near, np.full(len(exact), 0.1), both_signs)[1]
    error, used, alive = 1e-8, [], np.full(len(exact), True)
    for _ in range(25 if both_signs else 100):
        nu, top, _, _ = nets.bounds(near, radius, both_signs)
        alive &= eta * top <= 2 + (0 if both_signs else eta * nu)  # the Hessian may grow on the way
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
        radius = np.minimum((1 + eta * nu) * radius + error, 0.1)
        alive &= radius < 0.1
        distance = norm(near - exact, (1, 2))
        assert np.all(distance[alive] <= radius[alive] * (1 + 1e-9))
        used.append((distance / radius)[alive].max())
    assert alive.mean() > 0.9
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
        along = np.einsum("tnkmp,mp->tnk", j, step / h)
        gauss = np.einsum("tnkmp,tnk->tmp", j, along)
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
    size, square, _, _ = nets.bounds(nets.theta, radius, both_signs=True)
    b, c = nets.blocks(nets.theta)
    for _ in range(20):
        step = rng.normal(size=nets.theta.shape) * rng.exponential(size=(80, 6, 1)) ** 2
        theta = nets.theta + step * (radius / norm(step, (1, 2)))[:, None, None]
        nb, nc = nets.blocks(theta)
        assert np.all(norm(nb - b, (2, 3)) <= db[:, None])
        assert np.all(np.linalg.norm(nc - c, 2, axis=(2, 3)) <= dc)
        values = np.linalg.eigvalsh(nets.residual_hessian(theta))
        assert np.all(-values.min(axis=(1, 2)) <= nu)
        assert np.all(np.abs(values).max(axis=(1, 2)) <= size)
        j = nets.norm_of_jacobian(theta)
        assert np.all(j**2 <= square)
        assert np.all(j**2 + values.max(axis=(1, 2)) <= top)


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
