"""Finite implicit networks against their limits of infinite width, by sampling."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.kernel import Kernel
from surefit.implicit.limits import finite_gram, gaussian_injection, paper_limit

pytestmark = pytest.mark.slow
N, D = 6, 10


def sphere(seed=0):
    x = np.random.default_rng(seed).normal(size=(N, D))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def weights(m, seed):
    rng = np.random.default_rng(seed)
    u, v = rng.choice([-1.0, 1.0], size=(2, m))
    return rng.normal(size=(m, m)), rng.normal(size=(m, D)), u, v


def distance(found, limit):
    return np.linalg.norm(found - limit) / np.linalg.norm(limit)


@pytest.mark.parametrize("gamma", [0.45])
def test_distance_falls_like_the_root_of_the_width(gamma):
    x = sphere()
    limit, widths, errors = paper_limit(x, gamma), (256, 1024, 4096), []
    for m in widths:
        grams = [finite_gram(*weights(m, seed), x, gamma) for seed in range(8)]
        errors.append(np.mean([distance(gram.H, limit.H) for gram in grams]))
        for name, finite in (("K", "z_gram"), ("M", "M"), ("Q", "Q"), ("G", "phi_gram")):
            error = np.mean([distance(getattr(g, finite), getattr(limit, name)) for g in grams])
            assert error <= 0.25 * (256 / m) ** 0.5
    assert np.all(np.array(errors) <= (0.20, 0.10, 0.05))
    slope = np.polyfit(np.log(widths), np.log(errors), 1)[0]
    assert abs(slope + 0.5) <= 0.15


def untied(m, seed, x, gamma, layers=22):
    """K, M, Q and H with independent weights at every layer, forwards and backwards."""
    rng = np.random.default_rng(seed)
    u, v = rng.choice([-1.0, 1.0], size=(2, m))
    before = x @ rng.normal(size=(D, m))
    phi, scale = np.maximum(before, 0) / m**0.5, gamma / m**0.5
    z = np.zeros_like(phi)
    for _ in range(layers):
        pre = scale * z @ rng.normal(size=(m, m)) + phi
        z = np.maximum(pre, 0)
    active = pre > 0
    # Fresh weights backwards, through the patterns of the last layer.
    adjoint = np.tile(u, (N, 1))
    for _ in range(layers):
        adjoint = u + scale * (active * adjoint) @ rng.normal(size=(m, m))
    p = active * adjoint
    e = before > 0
    back, inputs = p @ p.T / m, ((p + v) * e) @ ((p + v) * e).T / m
    h = (gamma**2 * back + 1) * (z @ z.T) + inputs * (x @ x.T) + phi @ phi.T
    return np.stack([z @ z.T, back, inputs, h])


@pytest.mark.parametrize("tied", [True, False])
def test_means_over_seeds_are_the_limit(tied):
    x, gamma, m, seeds = sphere(), 0.45, 512, 64
    limit = paper_limit(x, gamma)
    if tied:
        draws = []
        for seed in range(seeds):
            gram = finite_gram(*weights(m, seed), x, gamma)
            draws.append(np.stack([gram.z_gram, gram.M, gram.Q, gram.H]))
    else:
        draws = [untied(m, 1000 + seed, x, gamma) for seed in range(seeds)]
    draws = np.stack(draws)
    error = np.std(draws, axis=0, ddof=1) / seeds**0.5
    for i, name in enumerate("KMQH"):
        away = np.linalg.norm(draws[:, i].mean(axis=0) - getattr(limit, name))
        assert away <= 3 * np.linalg.norm(error[i])


@pytest.mark.parametrize("gamma", [0.8, 1.1])
def test_limit_holds_beyond_contraction(gamma):
    # The scaled operator norm is 2 gamma > 1; the iteration converges all the same. Single draws
    # scatter widely there (up to half of H at m = 2048, gamma = 1.1), their mean does not.
    x, seeds = sphere(), 32
    limit = paper_limit(x, gamma)
    grams = [finite_gram(*weights(1024, seed), x, gamma) for seed in range(seeds)]
    for name, finite in (("K", "z_gram"), ("M", "M"), ("Q", "Q"), ("H", "H")):
        draws = np.stack([getattr(gram, finite) for gram in grams])
        error = np.linalg.norm(np.std(draws, axis=0, ddof=1)) / seeds**0.5
        assert np.linalg.norm(draws.mean(axis=0) - getattr(limit, name)) <= 3 * error
        # The standard error is small enough for the comparison to mean something.
        assert error <= 0.1 * np.linalg.norm(getattr(limit, name))


def deep_equilibrium(activation, gain, m, seed, x):
    """NNGP and tangent kernel of f = a . h / sqrt(m), h = phi(gain W h / sqrt(m) + U x)."""
    rng = np.random.default_rng(seed)
    matrix, readout = gain / m**0.5 * rng.normal(size=(m, m)), rng.normal(size=m) / m**0.5
    injection = x @ rng.normal(size=(D, m))
    h = np.zeros((N, m))
    for _ in range(50):
        pre = h @ matrix.T + injection
        h = np.asarray(activation(jnp.asarray(pre)))
    slope = np.asarray(activation.derivative(jnp.asarray(pre)))
    adjoint = np.tile(readout, (N, 1))
    for _ in range(50):
        adjoint = readout + (slope * adjoint) @ matrix
    p = slope * adjoint
    nngp = h @ h.T / m
    return np.stack([nngp, nngp + (p @ p.T) * (gain**2 * nngp + x @ x.T)])


@pytest.mark.parametrize(("activation", "gain"), [(sf.Relu(), 0.4), (sf.Tanh(), 0.45)], ids=repr)
def test_deep_equilibrium_models_tend_to_their_limit(activation, gain):
    x = sphere()
    c = jnp.asarray(x @ x.T)
    k = Kernel(c, c, jnp.diag(c), jnp.diag(c), 1, gaussian=True, symmetric=True)
    found = jax.jit(gaussian_injection, static_argnums=(1, 2, 3))(k, activation, gain, True)
    limit = np.stack([found.nngp, found.nngp + found.ntk])
    errors = []
    for m in (256, 1024):
        draws = [deep_equilibrium(activation, gain, m, seed, x) for seed in range(12)]
        errors.append(np.mean([[distance(d, e) for d, e in zip(draw, limit, strict=True)]
                               for draw in draws], axis=0))  # fmt: skip
    assert np.all(errors[0] <= 0.25)
    ratio = errors[1] / errors[0]  # 1/2 for errors like m^(-1/2)
    assert np.all((ratio >= 0.35) & (ratio <= 0.7))
