"""The deep ReLU network of Allen-Zhu, Li and Song: A, B fixed, W_1..W_L trained."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf

deep_relu = sf.models.fully_connected


def inputs(n=4, d=10):
    x = jax.random.normal(jax.random.key(0), (n, d))
    return x / jnp.linalg.norm(x, axis=1, keepdims=True)


@pytest.mark.parametrize(("depth", "outputs"), [(1, 1), (2, 3), (5, 4)])
def test_limit_kernel_on_the_diagonal(depth, outputs):
    width = 256
    limit = sf.limit_kernel(deep_relu(width, depth, outputs), inputs()).ntk
    np.testing.assert_allclose(jnp.diag(limit), depth * width / (2 * outputs), rtol=1e-13)


def test_limit_kernel_off_the_diagonal_is_the_recursion():
    width, depth, outputs = 64, 3, 2
    x = np.asarray(inputs())

    def kappa_0(rho):
        return (np.pi - np.arccos(np.clip(rho, -1, 1))) / np.pi

    def kappa_1(rho):
        rho = np.clip(rho, -1, 1)
        return (np.sqrt(1 - rho**2) + rho * (np.pi - np.arccos(rho))) / np.pi

    sigma = [kappa_1(x @ x.T)]
    for _ in range(depth):
        sigma.append(kappa_1(sigma[-1]))
    total = sum(
        sigma[layer - 1] * np.prod([kappa_0(sigma[k - 1]) for k in range(layer, depth + 1)], axis=0)
        for layer in range(1, depth + 1)
    )
    limit = np.array(sf.limit_kernel(deep_relu(width, depth, outputs), inputs()).ntk)
    expected = width / (2 * outputs) * total
    # The textbook formulas lose half the digits where rho = 1.
    np.testing.assert_allclose(limit, expected, rtol=1e-6)


def test_empirical_kernel_on_the_diagonal():
    width, depth, outputs, draws = 128, 2, 2, 40
    network = deep_relu(width, depth, outputs)
    expected = depth * width / (2 * outputs)
    example = inputs(1)

    def entries(key):
        params = network.init(key, (10,))
        return sf.empirical_ntk(network, params, example, outputs="full")[0, 0]

    blocks = jax.jit(jax.vmap(entries))(jax.random.split(jax.random.key(1), draws)) / expected
    own = np.asarray(jnp.diagonal(blocks, axis1=1, axis2=2))
    # L + 1 random layers stand behind each term, each with a relative variance of 5/m: about
    # 4/sqrt(m) here. Forty draws give the standard deviation to a ninth.
    spread = math.sqrt(5 * (depth + 1) / width)
    assert spread == pytest.approx(4 / math.sqrt(width), rel=0.05)
    assert np.std(own[:, 0]) == pytest.approx(spread, rel=0.4)
    assert abs(np.mean(own[:, 0]) - 1.0) <= 4 * spread / math.sqrt(draws)
    # Different outputs share no weights of B: zero in the mean.
    across = np.asarray(blocks[:, 0, 1])
    assert abs(np.mean(across)) <= 4 * np.std(across) / math.sqrt(draws)
