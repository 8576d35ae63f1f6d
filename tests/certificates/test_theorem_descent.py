r"""Theorem 1 and its corollaries (docs/certificates/descent.md) against random maps."""

import dataclasses

import numpy as np
import pytest
from random_maps import SLACK, Maps, descend, norm, random_maps, unit, with_radius


def check(maps, radius, c, eta, sizes, lengths, start=None):
    """Every conclusion of Theorem 1 at every step; returns the path over s*."""
    bend = maps.bend(radius)
    margin, mu = c * maps.sigma - bend, (c * maps.sigma - bend) * (maps.sigma - bend)
    s = np.concatenate([np.zeros((1, len(radius))), np.cumsum(lengths, axis=0)])
    start = sizes[0] if start is None else start
    scale = SLACK * (1 + start)
    assert np.all(s <= radius * (1 + SLACK))
    assert np.all(sizes <= maps.majorant(s, c, start) + scale)
    assert np.all(sizes[1:] <= (1 - eta * mu) * sizes[:-1] + scale)
    assert np.all((s[-1] - s) * margin <= sizes - sizes[-1] + scale)
    assert np.all(
        np.linalg.svd(maps.jacobian(maps.last), compute_uv=False)[:, -1]
        >= maps.sigma - bend - SLACK
    )
    return s[-1] / radius


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_descent(share):
    rng = np.random.default_rng(0)
    maps = random_maps(rng)
    radius = with_radius(maps, rng)
    eta = share / (maps.beta + maps.bend(radius)) ** 2
    points, sizes, lengths = descend(maps, eta, 250)
    maps.last = points[-1]
    reached = check(maps, radius, 1.0, eta, sizes, lengths)
    assert reached.max() > 0.99  # nearly attained by the worst cases


@pytest.mark.parametrize("b", [1.02, 1.4, 1.8])
def test_longer_steps(b):
    rng = np.random.default_rng(1)
    maps = random_maps(rng)
    share = rng.uniform(0, 0.95, size=len(maps.sigma))
    # c depends on eta, eta on B, B on s*: choose eta (beta + B)^2 = b from B < sigma downwards.
    eta = b / (maps.beta + maps.sigma * share) ** 2
    alpha = eta * maps.sigma**2
    usable = b < 2 - alpha
    c = np.sqrt(np.where(usable, b * (2 - b - alpha) / np.where(usable, 1 - b * alpha, 1), 1.0))
    bend = maps.sigma * share
    radius = 2 * bend / (maps.curvature + np.sqrt(maps.curvature**2 + 2 * maps.cubic * bend))
    usable &= (bend < c * maps.sigma) & (c * maps.sigma * np.sqrt(eta * b) <= 1)
    size = -maps.majorant(radius, c, 0.0)
    maps.r0 = maps.r0 / norm(maps.r0)[:, None] * size[:, None]
    keep = {f.name: getattr(maps, f.name)[usable] for f in dataclasses.fields(maps)}
    maps = Maps(**keep)
    radius, c, eta = radius[usable], c[usable], eta[usable]
    assert len(radius) > 60
    points, sizes, lengths = descend(maps, eta, 200)
    maps.last = points[-1]
    check(maps, radius, c, eta, sizes, lengths)


def runge_kutta(field, x, step, count):
    yield x
    for _ in range(count):
        k1 = field(x)
        k2 = field(x + step * k1 / 2)
        k3 = field(x + step * k2 / 2)
        k4 = field(x + step * k3)
        x = x + step * (k1 + 2 * k2 + 2 * k3 + k4) / 6
        yield x


@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_flow_of_losses_with_the_inequality_of_lojasiewicz(weight):
    # l(z) = |z|^2 / 2 + weight * sum(sqrt(1 + z^2) - 1): strongly convex with constant 1, l* = 0.
    rng = np.random.default_rng(2)
    maps = random_maps(rng, trials=300)
    radius = with_radius(maps, rng)

    def loss(r):
        return np.sum(r * r / 2 + weight * (np.sqrt(1 + r * r) - 1), axis=1)

    # Shrink r0 until sqrt(2 l) is the value of g at 0: the path may be s* at most.
    size = norm(maps.r0)
    low, high = np.zeros_like(size), np.ones_like(size)
    for _ in range(60):
        middle = (low + high) / 2
        above = np.sqrt(2 * loss(maps.r0 * middle[:, None])) > size
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    maps.r0 = maps.r0 * low[:, None]

    def field(x):
        r = maps.residual(x)
        return -np.einsum("tnp,tn->tp", maps.jacobian(x), r + weight * r / np.sqrt(1 + r * r))

    mu = (maps.sigma - maps.bend(radius)) ** 2
    first, path, last, step = loss(maps.residual(0 * maps.along)), 0.0, 0.0, 0.02
    for k, x in enumerate(runge_kutta(field, 0 * maps.along, step, 300)):
        path = path + norm(x - last)
        last = x
        now = loss(maps.residual(x))
        assert np.all(path <= radius * (1 + 1e-8))
        assert np.all(np.sqrt(2 * now) <= maps.majorant(path, 1.0, size) + 1e-7)
        assert np.all(now <= np.exp(-2 * mu * step * k) * first * (1 + 1e-6) + 1e-12)


def test_basin_and_steps_that_vary():
    rng = np.random.default_rng(3)
    maps = random_maps(rng)
    bend = maps.sigma * rng.uniform(0.05, 0.95, size=len(maps.sigma))
    rho = 2 * bend / (maps.curvature + np.sqrt(maps.curvature**2 + 2 * maps.cubic * bend))
    e0 = rho * rng.uniform(0, 0.6, size=len(rho))
    # Corollary 4: the majorant from the edge of the basin, with its zero at rho - e0.
    room = rho - e0
    sigma = maps.sigma - maps.bend(e0)
    shifted = (
        sigma * room - (maps.curvature + maps.cubic * e0) * room**2 / 2 - maps.cubic * room**3 / 6
    )
    spent = maps.beta * e0 + maps.curvature * e0**2 / 2 + maps.cubic * e0**3 / 6
    usable = shifted > spent
    assert usable.sum() > 100
    maps = Maps(**{f.name: getattr(maps, f.name)[usable] for f in dataclasses.fields(maps)})
    rho, e0, room, shifted, spent = (a[usable] for a in (rho, e0, room, shifted, spent))
    maps.r0 = maps.r0 / norm(maps.r0)[:, None] * (shifted - spent)[:, None]
    start = unit(rng, *maps.along.shape) * e0[:, None]
    top = 1 / (maps.beta + maps.bend(rho)) ** 2
    steps = [top * rng.uniform(0.01, 1, size=len(top)) for _ in range(150)]
    points, sizes, lengths = descend(maps, steps, 150, start)
    assert np.all(np.sum(lengths, axis=0) <= room * (1 + SLACK))
    mu = (maps.sigma - maps.bend(rho)) ** 2
    for k, eta in enumerate(steps):
        assert np.all(sizes[k + 1] <= (1 - eta * mu) * sizes[k] + SLACK)
    assert np.all(norm(points).max(axis=0) <= rho * (1 + SLACK))


def test_steps_whose_sum_is_finite_may_stop_early():
    # r = theta + 1: every step within the bound, yet the residual does not vanish.
    x = 0.0
    for k in range(200):
        x -= 0.5 ** (k + 1) * (x + 1)
    assert x + 1 > 0.25


def scalar(r0, sigma, curvature, eta, count):
    x, path = 0.0, 0.0
    for _ in range(count):
        move = eta * (sigma - curvature * x) * (r0 - sigma * x + curvature * x * x / 2)
        x, path = x + move, path + abs(move)
    return x, path


def test_the_constant_two_and_the_radius_are_attained():
    sigma, curvature = 1.0, 2.0
    for h in (0.1, 0.4, 0.49):
        r0 = h * sigma**2 / curvature
        radius = 2 * r0 / (sigma + np.sqrt(sigma**2 - 2 * curvature * r0))
        x, path = scalar(r0, sigma, curvature, 1 / sigma**2, 4000)
        np.testing.assert_allclose(path, radius, rtol=1e-9)
        assert abs(r0 - sigma * x + curvature * x * x / 2) < 1e-12
        # The rate at the end is mu.
        before = scalar(r0, sigma, curvature, 0.01, 3000)[0]
        after = scalar(r0, sigma, curvature, 0.01, 3001)[0]
        residuals = [r0 - sigma * y + curvature * y * y / 2 for y in (before, after)]
        if residuals[0] > 1e-9:
            mu = sigma**2 - 2 * curvature * r0
            np.testing.assert_allclose(residuals[1] / residuals[0], 1 - 0.01 * mu, rtol=2e-3)
    # At h = 1/2 the limit still fits, but not linearly; beyond there is no zero.
    r0 = 0.5 * sigma**2 / curvature
    x, path = scalar(r0, sigma, curvature, 1.0, 50_000)
    np.testing.assert_allclose([x, path], sigma / curvature, rtol=1e-2)
    assert 1e-7 < r0 - sigma * x + curvature * x * x / 2 < 1e-4
    r0 = 0.501 * sigma**2 / curvature
    grid = np.linspace(-5, 5, 100_001)
    assert np.min(r0 - sigma * grid + curvature * grid**2 / 2) > 0


def test_steps_beyond_two_diverge():
    x = 0.0
    for _ in range(200):
        x -= 2.05 * (x + 1)  # beta = sigma = 1
    assert abs(x) > 1e3


def test_an_interpolating_solution_exists():
    # Corollary 7: the iteration of its proof stays in the ball and ends at a zero.
    rng = np.random.default_rng(6)
    maps = random_maps(rng)
    maps.cubic[:] = 0.0
    values, vectors = np.linalg.eigh(maps.j0 @ np.swapaxes(maps.j0, 1, 2))
    root = np.einsum("tik,tk,tjk->tij", vectors, values**-0.5, vectors)
    whitened = np.einsum("tmn,tnij->tmij", root, maps.second)
    rate = np.linalg.norm(whitened.reshape(len(root), root.shape[1], -1), 2, axis=(1, 2))
    u = root @ maps.j0
    start = norm(np.einsum("tmn,tn->tm", root, maps.r0))
    h = rng.choice([0.1, 0.4, 0.49], size=len(rate))
    maps.r0 *= (h / (rate * start))[:, None]
    t = (1 - np.sqrt(1 - 2 * h)) / rate
    x = np.zeros_like(maps.r0)
    for _ in range(300):
        r = maps.residual(np.einsum("tnp,tn->tp", u, x))
        x = x - np.einsum("tmn,tn->tm", root, r)
        assert np.all(norm(x) <= t * (1 + SLACK))
    assert norm(maps.residual(np.einsum("tnp,tn->tp", u, x))).max() < 1e-9
