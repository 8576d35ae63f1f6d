import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit import models
from surefit.activations import Gelu, Relu, hermite_coefficients
from surefit.layers import Antisymmetric, Dense, Serial
from surefit.losses import SumSquared
from surefit.tangent import empirical_ntk, limit_kernel

KEY = jax.random.key(8)


def on_the_sphere(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return jnp.asarray(x / np.linalg.norm(x, axis=1, keepdims=True))


X = on_the_sphere(7, 5)


def test_two_layer_is_the_network_of_its_formula():
    network = models.two_layer(12, weight_std=0.7)
    params = network.init(KEY, (5,))
    w, a = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])[0]
    assert set(np.unique(a)) == {-1.0, 1.0}
    expected = np.maximum(np.asarray(X) @ w.T, 0) @ a / np.sqrt(12)
    np.testing.assert_allclose(network.apply(params, X)[:, 0], expected, rtol=1e-13, atol=1e-15)
    assert network.trainable(params) == ({"w": True}, (), {"w": False})


def test_two_layer_tangent_kernel_is_the_gram_matrix_of_active_features():
    network = models.two_layer(40)
    params = network.init(KEY, (5,))
    x = np.asarray(X)
    active = (x @ np.asarray(params[0]["w"]).T > 0).astype(float)
    np.testing.assert_allclose(
        empirical_ntk(network, params, X), (x @ x.T) * (active @ active.T) / 40, atol=1e-14
    )


def test_two_layer_limit_kernel_is_the_formula_and_its_trace_is_half_of_n():
    x = on_the_sphere(50, 5)
    kernel = np.asarray(limit_kernel(models.two_layer(), x).ntk)
    inner = np.array(x @ x.T)
    np.fill_diagonal(inner, 1.0)
    expected = inner * (np.pi - np.arccos(inner)) / (2 * np.pi)
    np.testing.assert_allclose(kernel, expected, atol=1e-13)
    assert abs(np.trace(kernel) - 25) <= 50 * 1e-15


def test_shallow_is_the_network_of_its_formula():
    network = models.shallow(10, outputs=2, weight_std=4.0, antisymmetric=False)
    params = network.init(KEY, (5,))
    w, a = np.asarray(params[0]["w"]), np.asarray(params[2]["w"])
    expected = np.tanh(np.asarray(X) @ w.T) @ a.T / np.sqrt(10)
    np.testing.assert_allclose(network.apply(params, X), expected, rtol=1e-13, atol=1e-15)
    assert network.trainable(params) == ({"w": True}, (), {"w": True})
    # 50 draws: the standard deviation is known to 4/sqrt(100).
    assert abs(np.std(w) - 4.0) <= 4 * 4.0 / np.sqrt(100)


def test_shallow_limit_kernel_is_that_of_its_formula():
    # sum_k c_k^2 rho^k and the same for the derivative, from the Hermite coefficients.
    rho = np.clip(np.array(X @ X.T), -1, 1)
    np.fill_diagonal(rho, 1.0)
    powers = rho[..., None] ** np.arange(160)
    nngp = powers @ hermite_coefficients(jnp.tanh, terms=160).normalised ** 2
    slope = powers @ hermite_coefficients(lambda z: 1 - jnp.tanh(z) ** 2, terms=160).normalised ** 2
    kernel = limit_kernel(models.shallow(antisymmetric=False), X)
    np.testing.assert_allclose(kernel.nngp, nngp, atol=1e-12)
    np.testing.assert_allclose(kernel.ntk, nngp + rho * slope, atol=1e-12)


@pytest.mark.parametrize("model", [models.two_layer, models.shallow])
def test_antisymmetric_models_start_at_zero_and_are_otherwise_the_same(model):
    network = model(16, antisymmetric=True)
    assert network == Antisymmetric(model(16, antisymmetric=False))
    params = network.init(KEY, (5,))
    np.testing.assert_allclose(network.apply(params, X), np.zeros((7, 1)), atol=1e-15)
    np.testing.assert_array_equal(
        limit_kernel(network, X).ntk, limit_kernel(model(16, antisymmetric=False), X).ntk
    )


def test_activation_of_a_model_can_be_chosen():
    assert models.shallow(4, activation=Gelu(), antisymmetric=False).layers[1] == Gelu()
    assert models.two_layer(4).layers[1] == Relu()


@pytest.mark.parametrize(("width", "samples"), [(3, 7), (12, 20)])
def test_features_of_a_narrow_layer_have_the_rank_of_its_width(width, samples):
    network = models.shallow(width, activation=Gelu(), antisymmetric=False)
    params = network.init(KEY, (5,))
    x = on_the_sphere(samples, 5, seed=1)
    features = np.asarray(Gelu()(x @ params[0]["w"].T))
    gram = features @ features.T
    values = np.linalg.eigvalsh(gram)
    # sigma_min(phi(W X)) = 0 exactly: n columns in a space of d_1 < n dimensions.
    assert np.linalg.matrix_rank(features) == width
    assert np.all(np.abs(values[: samples - width]) <= samples * 1e-16 * values[-1])
    assert values[samples - width] > 1e-10 * values[-1]


def test_expected_loss_at_the_start_of_the_unscaled_shallow_network():
    d1, d2, omega1, omega2, n, seeds = 60, 3, 0.8, 0.4, 9, 800
    network = Serial(
        Dense(d1, omega1, parameterisation="unscaled"),
        Gelu(),
        Dense(d2, omega2, parameterisation="unscaled"),
    )
    x = on_the_sphere(n, 5, seed=2)
    y = jax.random.normal(KEY, (n, d2)) / 5

    @jax.jit
    @jax.vmap
    def draw(key):
        return SumSquared()(network.apply(network.init(key, (5,)), x), y)

    losses = np.asarray(draw(jax.random.split(jax.random.key(9), seeds)))
    variance = jnp.full(1, omega1**2)
    moment = float(Gelu().dual(variance, variance, variance)[0])
    expected = d2 * n * d1 * omega2**2 * moment + float(jnp.sum(y**2))
    error = np.std(losses, ddof=1) / np.sqrt(seeds)
    assert error <= 0.02 * expected
    assert abs(np.mean(losses) - expected) <= 4 * error
    assert abs(np.mean(losses) / expected - 1) <= 0.1
