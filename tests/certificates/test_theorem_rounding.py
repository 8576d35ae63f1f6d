r"""Theorem 2 (docs/certificates/rounding.md): descent with errors, against random maps."""

import numpy as np
import pytest
from random_maps import SLACK, descend, norm, random_maps, unit, with_radius

KINDS = ("random", "outwards", "uphill")


@pytest.mark.parametrize("kind", KINDS)
def test_descent_with_errors(kind):
    rng = np.random.default_rng(4)
    maps = random_maps(rng)
    radius = with_radius(maps, rng)
    top = maps.beta + maps.bend(radius)
    budget = norm(maps.r0) * rng.uniform(0.01, 0.9, size=len(top))
    count = 120
    size = budget / (count * (top + maps.sigma))
    maps.r0 *= ((norm(maps.r0) - budget) / norm(maps.r0))[:, None]
    eta = 1 / top**2

    def errors(k, x, move):
        if kind == "random":
            direction = unit(rng, *x.shape)
        elif kind == "outwards":
            direction = x / np.maximum(norm(x), 1e-300)[:, None]
        else:
            gradient = np.einsum("tnp,tn->tp", maps.jacobian(x), maps.residual(x))
            direction = gradient / np.maximum(norm(gradient), 1e-300)[:, None]
        return size[:, None] * direction

    points, sizes, lengths = descend(maps, eta, count, errors=errors)
    s = np.concatenate([np.zeros((1, len(top))), np.cumsum(lengths + size, axis=0)])
    assert np.all(s <= radius * (1 + SLACK))
    assert np.all(norm(points) <= s + SLACK)
    left = (count - np.arange(count + 1))[:, None] * (top + maps.sigma) * size
    start = norm(maps.r0) + budget
    assert np.all(sizes <= maps.majorant(s, 1.0, start) - left + SLACK)
    mu = (maps.sigma - maps.bend(radius)) ** 2
    assert np.all(sizes[1:] <= (1 - eta * mu) * sizes[:-1] + top * size + SLACK)
    floor = top * size / (eta * mu)
    powers = (1 - eta * mu) ** np.arange(count + 1)[:, None]
    assert np.all(sizes <= powers * sizes[0] + floor + SLACK)


def test_the_floor_is_reached_by_some_errors():
    # r = theta: errors uphill keep the residual at eps / (eta mu) with mu = beta = 1.
    eta, size, x = 0.25, 1e-3, 1.0
    for _ in range(400):
        x = x - eta * x + size
    np.testing.assert_allclose(x, size / eta, rtol=1e-9)


def test_the_formula_for_the_float_step():
    # |fl(theta - eta v) - (theta - eta v)| for float32, against float64.
    rng = np.random.default_rng(5)
    u = 2.0**-24
    theta, v = rng.normal(size=(2, 2000, 8)).astype(np.float32)
    eta = np.float32(0.013)
    step = (theta - eta * v).astype(np.float64)
    exact = theta.astype(np.float64) - np.float64(eta) * v.astype(np.float64)
    bound = u * norm(theta.astype(np.float64)) + (2 * u + u * u) * np.float64(eta) * norm(
        v.astype(np.float64)
    )
    error = norm(step - exact)
    assert np.all(error <= bound)
    assert np.max(error / bound) > 0.3
