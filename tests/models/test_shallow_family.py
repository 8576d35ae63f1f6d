"""The family V phi(W x): scales by name, sweeps at equal product, the network of its formula."""

import math

import jax
import numpy as np
import pytest

from surefit import models
from surefit.activations import Gelu, Sigmoid, Softplus, parse_activation
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.losses import SumSquared

KEY = jax.random.key(21)


def unit_rows(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return jax.numpy.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


@pytest.mark.parametrize(
    ("init", "omega1", "omega2"),
    [
        ("he", math.sqrt(2 / 784), math.sqrt(2 / 1000)),
        ("lecun", 1 / 28, math.sqrt(1e-3)),
        ("ntk", 1.0, math.sqrt(1e-3)),
        ("song", 1.0, 1 / math.sqrt(784e3)),
        ((0.3, 0.7), 0.3, 0.7),
    ],
)
def test_scales_by_name_or_as_given(init, omega1, omega2):
    np.testing.assert_allclose(models.initial_scales(init, 1000, 784), (omega1, omega2), rtol=1e-15)


def test_published_scales_of_the_sweep():
    # MNIST, width 1000: omega1 = .0505076, omega2 = .0447214 for He, and ten omega2 from .002 up.
    he = models.initial_scales("he", 1000, 784)
    np.testing.assert_allclose(he, (0.0505076, 0.0447214), atol=5e-8)
    targets = np.array([0.002, 0.00744, 0.01289, 0.04556, 0.07822])
    pairs = np.array(models.ratio_sweep("he", list(targets / he[1]), 1000, 784))
    np.testing.assert_allclose(pairs[:, 1], targets, rtol=1e-14)
    np.testing.assert_allclose(pairs.prod(axis=1), he[0] * he[1], rtol=1e-14)
    assert np.all(np.diff(pairs[:, 1] / pairs[:, 0]) > 0)


def test_network_is_its_formula_with_several_outputs_and_both_layers_trained():
    network = models.shallow_family(400, inputs=5, outputs=3, init="song")
    params = network.init(KEY, (5,))
    x = unit_rows(6, 5)
    w, v = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])
    expected = np.asarray(Gelu()(w @ x.T)).T @ v.T
    np.testing.assert_allclose(network.apply(params, x), expected, rtol=1e-12, atol=1e-14)
    assert v.shape == (3, 400)
    assert network.trainable(params) == ({"w": True}, (), {"w": True})
    # 2000 and 1200 draws: a standard deviation is known to 1/sqrt(2 N).
    assert abs(np.std(w) - 1.0) <= 4 / math.sqrt(4000)
    assert abs(np.std(v) * math.sqrt(2000) - 1.0) <= 4 / math.sqrt(2400)


@pytest.mark.parametrize("init", ["he", "song"])
def test_expected_loss_at_the_start(init):
    # E h_0 = d_2 n d_1 omega2^2 E phi(omega1 g)^2 + ||Y||^2.
    d0, d1, d2, n, seeds = 5, 60, 3, 9, 600
    network = models.shallow_family(d1, d0, d2, init=init)
    omega1, omega2 = models.initial_scales(init, d1, d0)
    x = unit_rows(n, d0, seed=2)
    y = jax.random.normal(KEY, (n, d2)) / 5

    @jax.jit
    @jax.vmap
    def draw(key):
        return SumSquared()(network.apply(network.init(key, (d0,)), x), y)

    losses = np.asarray(draw(jax.random.split(jax.random.key(9), seeds)))
    variance = jax.numpy.full(1, omega1**2)
    moment = float(Gelu().dual(variance, variance, variance)[0])
    expected = d2 * n * d1 * omega2**2 * moment + float(jax.numpy.sum(y**2))
    error = np.std(losses, ddof=1) / math.sqrt(seeds)
    assert error <= 0.025 * expected
    assert abs(np.mean(losses) - expected) <= 4 * error


@pytest.mark.parametrize(("name", "cls"), [("softplus", Softplus), ("sigmoid", Sigmoid)])
def test_activations_with_value_zero_at_zero_by_name(name, cls):
    activation = parse_activation(f"{name}:shifted=true")
    assert activation == cls(shifted=True)
    network = models.shallow_family(8, 3, activation=activation)
    params = network.init(KEY, (3,))
    np.testing.assert_array_equal(network.apply(params, jax.numpy.zeros((2, 3))), np.zeros((2, 1)))


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        (
            {"init": "xavier"},
            UnknownNameError,
            r"init=...\)` must be a known name. Got 'xavier'.*lecun",
        ),
        ({"init": (1.0, 0.0)}, InvalidInputError, r"`initial_scales\(init=...\)` must be a name"),
        ({"init": (1.0,)}, InvalidInputError, r"two positive numbers. Got \(1.0,\)"),
        ({"inputs": 0}, InvalidInputError, r"`initial_scales\(width=..., inputs=...\)` must be at"),
    ],
)
def test_misuse_is_refused(kwargs, error, message):
    with pytest.raises(error, match=message):
        models.shallow_family(**{"width": 4, "inputs": 3, **kwargs})


def test_a_factor_that_is_not_positive_is_refused():
    with pytest.raises(InvalidInputError, match=r"`ratio_sweep\(factors=...\)` must be positive"):
        models.ratio_sweep("he", [1.0, -1.0], 4, 3)
