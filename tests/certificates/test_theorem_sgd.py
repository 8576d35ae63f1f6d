r"""Theorem 5 (docs/certificates/sgd.md): its constants, each step in expectation, and whole runs.

The maps are $r = r_0 + J_0\theta + \frac12\Lambda w\langle a,\theta\rangle^2$ with known constants;
the expectation over batches is computed exactly, by enumeration.
"""

import itertools
import math

import numpy as np

N, P, B = 4, 5, 2
BATCHES = np.array(list(itertools.combinations(range(N), B)))
OMEGA = 1.0718


def norm(x):
    return np.sqrt(np.sum(x * x, axis=-1))


class Map:
    """One map; points are rows."""

    def __init__(self, rng, curvature):
        left, right = (
            np.linalg.qr(rng.normal(size=(N, N)))[0],
            np.linalg.qr(rng.normal(size=(P, N)))[0],
        )
        self.values = np.linspace(0.6, 1.0, N)
        self.j0 = (left * self.values) @ right.T
        self.curvature = curvature
        self.w = rng.normal(size=N)
        self.w /= np.linalg.norm(self.w)
        self.a = rng.normal(size=P)
        self.a /= np.linalg.norm(self.a)

    def residual(self, x, y):
        return x @ self.j0.T + self.curvature / 2 * (x @ self.a)[:, None] ** 2 * self.w - y

    def jacobian(self, x):
        return self.j0 + self.curvature * (x @ self.a)[:, None, None] * self.w[:, None] * self.a

    def nearest(self, x, y):
        """Points of the solution set near x, by Newton on the equations of the projection."""
        pi, multiplier = x.copy(), np.zeros((len(x), N))
        for _ in range(30):
            j = self.jacobian(pi)
            bend = self.curvature * (multiplier @ self.w)[:, None, None] * np.outer(self.a, self.a)
            matrix = np.zeros((len(x), P + N, P + N))
            matrix[:, :P, :P] = np.eye(P) + bend
            matrix[:, :P, P:] = np.swapaxes(j, 1, 2)
            matrix[:, P:, :P] = j
            right = np.concatenate(
                [pi - x + np.einsum("tn,tnp->tp", multiplier, j), self.residual(pi, y)], axis=1
            )
            step = np.linalg.solve(matrix, right[..., None])[..., 0]
            pi, multiplier = pi - step[:, :P], multiplier - step[:, P:]
        assert np.abs(self.residual(pi, y)).max() < 1e-12
        return pi

    def step(self, x, y, eta, batch):
        """Batches are rows of indices, one for each point."""
        rows = np.arange(len(x))[:, None]
        j, r = self.jacobian(x)[rows, batch], self.residual(x, y)[rows, batch]
        return x - eta * N / B * np.einsum("tbp,tb->tp", j, r)

    def kappa(self, rho):
        """(n / b) max |J_S|^2 on the ball: at the centre plus Lambda rho."""
        largest = max(np.linalg.norm(self.j0[list(s)], 2) for s in BATCHES)
        return N / B * (largest + self.curvature * rho) ** 2


def test_the_constants():
    def omega(h):
        return 2 / (1 + math.sqrt(1 - 2 * h))

    assert 1.0717 < omega(1 / 8) < OMEGA
    assert OMEGA**-2 > 0.87
    share = omega(1 / 8) ** 2 / 8 / 2
    assert 2 * (1 - share) >= 1.856
    grid = [omega(h) ** 2 * h / 2 for h in np.linspace(0, 1 / 8, 50)]
    assert max(grid) == grid[-1]
    tau = 0.5
    c = 1.856 - tau
    assert 0.87 * c >= 1.17
    assert 2 * OMEGA / math.sqrt(0.87) < 2.3
    assert 2 * OMEGA / math.sqrt(0.87) / c < 1.7
    assert max(0.87 * (1.856 - t) * t for t in np.linspace(0, 1.85, 500)) < 0.75
    # The constants of the first derivation, with 1 - 2 h in the place of 1 - omega^2 h / 2.
    first = 2 * (1 - 2 / 8) - tau
    assert first * 0.87 >= 0.86
    assert 2 * OMEGA / math.sqrt(0.87 * first**2) <= 2.4


def test_one_step_in_expectation():
    # (b) and the bounds between distance and residual, everywhere in the ball where h <= 1/8.
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(20):
        m = Map(rng, curvature=10 ** rng.uniform(-1, 1))
        rho = 0.1 * m.values[0] / m.curvature
        sigma = m.values[0] - m.curvature * rho
        kappa = m.kappa(rho)
        x = rng.normal(size=(200, P))
        x *= (rho * rng.random(200) / norm(x))[:, None]
        # A solution at the centre of each point's neighbourhood: y = f(x + shift).
        shift = rng.normal(size=(200, P))
        shift *= (0.1 * rho * rng.random(200) / norm(shift))[:, None]
        y = m.residual(x + shift, np.zeros(N))
        r = norm(m.residual(x, y))
        h = m.curvature * r / sigma**2
        keep = (h <= 1 / 8) & (norm(x) + OMEGA * r / sigma <= rho)
        assert keep.sum() > 50
        x, y, r, h = x[keep], y[keep], r[keep], h[keep]
        pi = m.nearest(x, y)
        d = norm(x - pi)
        assert np.all(d <= 2 / (1 + np.sqrt(1 - 2 * h)) * r / sigma + 1e-12)
        assert np.all(r <= (1.0 + m.curvature * rho) * d + 1e-12)
        inner = np.einsum("tn,tnp,tp->t", m.residual(x, y), m.jacobian(x), x - pi, optimize=False)
        omega = 2 / (1 + np.sqrt(1 - 2 * h))
        assert np.all(inner >= r**2 * (1 - omega**2 * h / 2) - 1e-14)
        for tau in (0.1, 0.5, 1.2, 1.8):
            eta = tau / kappa
            after = [m.step(x, y, eta, np.tile(s, (len(x), 1))) for s in BATCHES]
            second = np.mean([norm((x - z) / eta) ** 2 for z in after], axis=0)
            assert np.all(second <= kappa * r**2 * (1 + 1e-12))
            expected = np.mean([norm(z - pi) ** 2 for z in after], axis=0)
            assert np.all(expected <= d**2 - (1.856 - tau) * eta * r**2 + 1e-14)
            a = 0.87 * (1.856 - tau) * eta * sigma**2
            assert np.all(expected <= (1 - a) * d**2 + 1e-14)
            worst = max(worst, np.max(expected / ((1 - a) * d**2 + 1e-300)))
    assert worst > 0.9


def test_whole_runs():
    rng = np.random.default_rng(1)
    m = Map(rng, curvature=0.5)
    rho = 0.3 * m.values[0] / m.curvature
    sigma, beta = m.values[0] - m.curvature * rho, 1.0 + m.curvature * rho
    kappa = m.kappa(rho)
    eta = 0.5 / kappa
    y = rng.normal(size=N)
    y *= 4e-4 / np.linalg.norm(y)
    r0 = norm(y)
    bar = OMEGA * r0 / sigma
    amplitude = (sigma**2 / (8 * m.curvature * beta * bar)) ** 2
    amplitude = min(amplitude, (0.5 * rho * sigma / (OMEGA * beta * bar)) ** 2)
    inner = rho - OMEGA * beta * math.sqrt(amplitude) * bar / sigma
    assert m.curvature * beta * math.sqrt(amplitude) * bar <= sigma**2 / 8 * (1 + 1e-12)
    length = 1.7 * math.sqrt(kappa) * r0 / sigma**2
    failure = 1 / amplitude + length / inner
    assert failure < 0.1  # the statement is not empty
    runs = 2000
    x, path, left = np.zeros((runs, P)), np.zeros(runs), np.zeros(runs, bool)
    start = norm(x - m.nearest(x, np.tile(y, (runs, 1))))[0]
    assert start <= bar
    q = 1 - 1.17 * eta * sigma**2
    for k in range(1, 61):
        batch = BATCHES[rng.integers(0, len(BATCHES), size=runs)]
        new = m.step(x, y, eta, batch)
        path, x = path + norm(new - x), new
        left |= norm(x) > inner
        if k % 15 == 0:
            squares = norm(x - m.nearest(x, np.tile(y, (runs, 1)))) ** 2
            error = squares.std() / math.sqrt(runs)
            assert squares.mean() <= q**k * start**2 + 4 * error
    assert left.mean() <= failure
    assert path.mean() <= length
    assert path.mean() > 0.05 * length
    assert norm(m.residual(x, y)).max() < 0.1 * r0


def test_steps_that_are_too_long_diverge():
    # One sample of two per step, r_i = theta_i: eta = 2.1 / kappa expands in the mean square.
    rng = np.random.default_rng(2)
    x, eta = np.full((4000, 2), 1e-3), 2.1 / 2
    for _ in range(40):
        pick = rng.integers(0, 2, size=4000)
        x[np.arange(4000), pick] *= 1 - 2 * eta
    assert np.mean(norm(x) ** 2) > 1e-6


def test_reshuffling_is_biased_given_the_past():
    # The last sample of an epoch is determined: the conditional mean is not the gradient.
    theta = 1.0
    residuals = np.array([theta - 1.0, theta + 2.0])
    first = 0
    conditional = 2 * residuals[1 - first]
    assert abs(conditional - residuals.sum()) > 1.0
