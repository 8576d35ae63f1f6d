r"""Equilibria on a ball of weights (docs/certificates/equilibria.md)."""

import numpy as np
import pytest

M = 4


def norm(x):
    return np.sqrt(np.sum(x * x, axis=-1))


def spectral(a):
    return np.linalg.norm(a, 2, axis=(-2, -1))


def relu(z):
    return np.maximum(z, 0.0)


def bumps(z):
    """Slopes between -1 and 1: not monotone."""
    return np.sin(z)


def leaky(z):
    return np.where(z > 0, z, 0.3 * z)


def symmetric_top(a):
    return np.linalg.eigvalsh((a + np.swapaxes(a, -1, -2)) / 2)[..., -1]


def near(rng, a, rho):
    """On the sphere of radius rho around a; half of the time along its singular vectors."""
    step = rng.normal(size=a.shape)
    left, _, right = np.linalg.svd(a)
    worst = left[:, :, :1] * right[:, :1]
    step = np.where(rng.random(len(a))[:, None, None] < 0.5, worst, step)
    size = np.linalg.norm(step, axis=(-2, -1))
    return a + step * (rho / size)[:, None, None]


def iterate(phi, a, u, count):
    h = np.zeros_like(u)
    for _ in range(count):
        h = phi(np.einsum("tij,tj->ti", a, h) + u)
    return h


def gap(phi, a, u, h):
    return norm(phi(np.einsum("tij,tj->ti", a, h) + u) - h)


@pytest.mark.parametrize("phi", [np.tanh, relu, bumps])
def test_operator_norm(phi):
    rng = np.random.default_rng(0)
    trials = 1500
    a = rng.normal(size=(trials, M, M))
    rho = rng.uniform(0, 0.5, size=trials)
    kappa = rng.choice([0.6, 0.9, 0.97], size=trials)
    rho = np.minimum(rho, 0.9 * kappa)
    a *= ((kappa - rho) / spectral(a))[:, None, None]
    u = rng.normal(size=(trials, M))
    h = iterate(phi, a, u, 900)
    a1, u1 = near(rng, a, rho), u + 0.3 * rng.normal(size=u.shape)
    assert np.all(spectral(a1) <= kappa + 1e-12)
    h1 = iterate(phi, a1, u1, 900)
    assert gap(phi, a1, u1, h1).max() < 1e-9
    bound = (spectral(a1 - a) * norm(h) + norm(u1 - u)) / (1 - kappa)
    assert np.all(norm(h1 - h) <= bound + 1e-9)
    approximate = h + 10 ** rng.uniform(-4, 0, size=(trials, 1)) * rng.normal(size=h.shape)
    known = gap(phi, a, u, approximate) / (1 - spectral(a))
    assert np.all(norm(h - approximate) <= known + 1e-9)


def test_the_bound_of_the_operator_norm_is_attained():
    # phi the identity, A = kappa I: h = u / (1 - kappa).
    kappa, u = 0.75, np.array([[1.0, 0, 0, 0]])
    a = kappa * np.eye(M)[None]
    h = iterate(lambda z: z, a, u, 200)
    np.testing.assert_allclose(norm(h), 1 / (1 - kappa))


@pytest.mark.parametrize("phi", [np.tanh, relu, bumps])
def test_perron_frobenius(phi):
    rng = np.random.default_rng(1)
    trials = 800
    a = rng.normal(size=(trials, M, M)) * np.exp(rng.normal(size=(trials, M, M)))
    radius = np.abs(np.linalg.eigvals(np.abs(a))).max(axis=1)
    a *= (rng.choice([0.5, 0.9], size=trials) / radius)[:, None, None]
    w = np.linalg.solve(np.eye(M) - np.abs(a), np.ones((trials, M, 1)))[..., 0]
    assert w.min() >= 1.0 - 1e-9
    image = np.einsum("tij,tj->ti", np.abs(a), w)
    room = np.min((w - image) / norm(w)[:, None], axis=1)
    rho = rng.uniform(0, 0.95, size=trials) * room
    kappa = np.max((image + (rho * norm(w))[:, None]) / w, axis=1)
    assert np.all((room > 0) & (kappa < 1))
    assert np.mean(spectral(a) > 1) > 0.2  # where the operator norm says nothing
    a1 = near(rng, a, rho)
    x, y = rng.normal(size=(2, trials, M)) * 2
    u = rng.normal(size=(trials, M))
    images = [phi(np.einsum("tij,tj->ti", a1, v) + u) for v in (x, y)]
    before, after = np.abs(x - y) / w, np.abs(images[0] - images[1]) / w
    assert np.all(after.max(axis=1) <= kappa * before.max(axis=1) * (1 + 1e-12))
    h = iterate(phi, a, u, 600)
    approximate = h + rng.normal(size=h.shape)
    defect = np.abs(phi(np.einsum("tij,tj->ti", a, approximate) + u) - approximate)
    centre = np.max(image / w, axis=1)
    bound = (defect / w).max(axis=1) / (1 - centre)
    assert np.all((np.abs(h - approximate) / w).max(axis=1) <= bound * (1 + 1e-9))


@pytest.mark.parametrize("phi", [np.tanh, relu, leaky])
def test_monotone(phi):
    rng = np.random.default_rng(2)
    trials = 600
    skew = 2 * rng.normal(size=(trials, M, M))
    skew = skew - np.swapaxes(skew, 1, 2)
    part = rng.normal(size=(trials, M, M))
    a = part + skew
    rho = rng.uniform(0, 0.4, size=trials)
    m = rng.choice([0.3, 0.7, 1.5], size=trials)
    a -= (symmetric_top(a) + rho - 1 + m)[:, None, None] * np.eye(M)
    np.testing.assert_allclose(symmetric_top(a) + rho, 1 - m, atol=1e-12)
    assert np.mean(spectral(a) > 1) > 0.9
    u = rng.normal(size=(trials, M))
    a1, u1 = near(rng, a, rho), u + rng.normal(size=u.shape)
    h, h1 = solve(phi, a, u), solve(phi, a1, u1)
    bar = np.minimum(m, 1)
    bound = (spectral(a1 - a) * norm(h) + norm(u1 - u)) / bar
    assert np.all(norm(h1 - h) <= bound + 1e-8)
    approximate = h + 10 ** rng.uniform(-4, 0, size=(trials, 1)) * rng.normal(size=h.shape)
    defect = gap(phi, a, u, approximate)
    assert np.all(norm(h - approximate) <= defect * (1 + spectral(a) / bar) + 1e-8)


def solve(phi, a, u):
    """The homotopy of the proof with Newton's method in every stage, from t = 0 to 1."""
    h = phi(u)
    for t in np.linspace(0, 1, 41)[1:]:
        for _ in range(8):
            z = t * np.einsum("tij,tj->ti", a, h) + u
            slope = (phi(z + 1e-7) - phi(z - 1e-7)) / 2e-7
            matrix = np.eye(M) - slope[:, :, None] * t * a
            h = h - np.linalg.solve(matrix, (h - phi(z))[..., None])[..., 0]
    assert gap(phi, a, u, h).max() < 1e-8
    return h


def test_other_slopes_by_scaling():
    # phi = 2 tanh: the condition is K lambda_max < 1, and the bound has the factor K.
    rng = np.random.default_rng(3)
    a = rng.normal(size=(400, M, M))
    a -= (symmetric_top(a) - 0.3)[:, None, None] * np.eye(M)
    u, u1 = rng.normal(size=(2, 400, M))
    m = 1 - 2 * 0.3

    def phi(z):
        return 2 * np.tanh(z)

    h, h1 = solve(phi, a, u), solve(phi, a, u1)
    assert np.all(norm(h1 - h) <= 2 * norm(u1 - u) / m + 1e-8)


def test_none_can_be_relaxed_to_equality():
    # h = relu(h + u): no solution for u > 0, many for u = 0; |A| = 1, m = 0.
    grid = np.linspace(0, 100, 10_001)
    assert np.min(np.abs(relu(grid + 0.5) - grid)) >= 0.5 - 1e-12
    assert np.count_nonzero(np.abs(relu(grid) - grid) < 1e-15) == len(grid)


def test_a_decreasing_function_breaks_the_monotone_condition():
    # phi(z) = -z, A = -1: lambda_max = -1 < 1, m = 2, but h = h - u has no solution.
    h = np.linspace(-5, 5, 1001)
    assert np.min(np.abs(-(-h + 1.0) - h)) > 0.9
