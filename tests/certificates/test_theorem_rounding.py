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


TAU = 2.0**-23  # of tanh in float32, and of its derivative as 1 - tanh^2


def chain(weights, x, y, scales):
    """Forwards and backwards in the precision of the arrays: h, z, features, g, c, gradients."""
    kind = x.dtype.type
    hs, zs, features = [x], [], []
    for w, (a, s, b, t) in zip(weights, scales, strict=True):
        z = kind(a) * hs[-1] + kind(s) * (hs[-1] @ w.T)
        features.append(np.tanh(z))
        zs.append(z)
        hs.append(kind(b) * hs[-1] + kind(t) * features[-1])
    gs, cs, gradients = [hs[-1] - y], [], []
    for w, f, h, (a, s, b, t) in list(zip(weights, features, hs, scales, strict=False))[::-1]:
        c = kind(t) * ((1 - f * f) * gs[0])
        gradients.insert(0, kind(s) * (c.T @ h))
        gs.insert(0, kind(b) * gs[0] + kind(a) * c + kind(s) * (c @ w))
        cs.insert(0, c)
    return hs, zs, features, gs, cs, gradients


def of(count, u=2.0**-24):
    return count * u / (1 - count * u)


@pytest.mark.parametrize("seed", range(6))
def test_the_bound_for_chains(seed):
    """Float32 against float64: every number of the recursion bounds what it is about."""
    rng = np.random.default_rng(seed)
    n, m, count = 7, 24, 4
    x, y = (rng.normal(size=(n, m)).astype(np.float32) for _ in range(2))
    weights = [rng.normal(size=(m, m)).astype(np.float32) for _ in range(count)]
    # Skips of both kinds; powers of two, which are no rounding.
    scales = [
        (rng.choice([0.0, 0.5, 1.0]), 2.0 ** rng.integers(-4, -1), rng.choice([0.0, 1.0]), 0.5)
        for _ in range(count)
    ]
    rough = [[a.astype(float) for a in one] for one in chain(weights, x, y, scales)]
    exact = chain([w.astype(float) for w in weights], x.astype(float), y.astype(float), scales)
    hs, zs, features, gs, cs, _ = rough
    for z, f in zip(zs, features, strict=True):
        assert np.max(np.abs(f - np.tanh(z))) <= TAU

    def size(a):
        return float(np.linalg.norm(a))

    bounds = {"h": [0.0], "z": [], "g": [], "c": [], "v": []}
    for i, (a, s, b, t) in enumerate(scales):
        w, before = weights[i].astype(float), bounds["h"][-1]
        z = (a + s * np.linalg.norm(w, 2)) * before + of(m + 3) * (a + s * size(w)) * size(hs[i])
        bounds["z"].append(z)
        e = b * before + t * (z + TAU * np.sqrt(n * m))
        bounds["h"].append(e + of(3) * (b * size(hs[i]) + t * size(features[i])))
    g = bounds["h"][-1] + 2.0**-24 * size(gs[-1])
    bounds["g"].append(g)
    bend = 4 / (3 * np.sqrt(3))
    for i, (a, s, b, t) in list(enumerate(scales))[::-1]:
        w = weights[i].astype(float)
        c = t * (g + (TAU + bend * bounds["z"][i]) * size(gs[i + 1])) + of(3) * size(cs[i])
        v = c * size(hs[i]) + (size(cs[i]) + c) * bounds["h"][i]
        bounds["v"].insert(0, s * (v + of(n + 1) * size(cs[i]) * size(hs[i])))
        g = b * g + (a + s * np.linalg.norm(w, 2)) * c
        g += of(m + 4) * (b * size(gs[i + 1]) + (a + s * size(w)) * size(cs[i]))
        bounds["g"].insert(0, g)
        bounds["c"].insert(0, c)
    for name, one, other in zip("hz-gcv", rough, exact, strict=True):
        for number, bound in enumerate(bounds.get(name, ())):
            assert size(one[number] - other[number]) <= bound, (name, number)
    wrong = norm(np.array([size(a - b) for a, b in zip(rough[5], exact[5], strict=True)]))
    assert norm(np.array(bounds["v"])) < 3e4 * wrong
