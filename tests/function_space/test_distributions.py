"""Distributions over random starts: sampled models and networks, and scikit-learn."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import norm
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import DotProduct

import surefit as sf
from surefit.function_space import GaussianProcess, PredictiveDistribution

N, M, P = 6, 3, 10
DRAW = np.random.default_rng(5)
FEATURES = DRAW.standard_normal((N + M, P))
X, X_TEST = FEATURES[:N], FEATURES[N:]
Y = DRAW.standard_normal((N, 1))
SCALES = np.linspace(0.2, 2.0, P)


def blocks(kernel):
    return kernel[:N, :N], kernel[N:, :N], kernel[N:, N:]


def space(ridge=0.0):
    ntk, nngp = FEATURES @ FEATURES.T, (FEATURES * SCALES**2) @ FEATURES.T
    names = ("nngp_train", "nngp_test_train", "nngp_test")
    train, cross, test = blocks(ntk)
    given = dict(zip(names, blocks(nngp), strict=True))
    return sf.FunctionSpace(train, Y, cross, test, **given, ridge=ridge)


@pytest.mark.parametrize("on", ["train", "test"])
@pytest.mark.parametrize(("steps", "ridge"), [(0, 0.0), (5, 0.0), (60, 0.4)])
def test_an_ensemble_of_linear_models(on, steps, ridge):
    own, draws = space(ridge), 10_000
    start = SCALES[:, None] * np.random.default_rng(6).standard_normal((P, draws))
    theta, step = start.copy(), own.safe_step_size
    for _ in range(steps):
        theta -= step * (X.T @ (X @ theta - Y) + ridge * (theta - start))
    outputs = (X if on == "train" else X_TEST) @ theta
    found = own.after(steps).distribution(on)
    own_variance = np.diag(found.covariance)
    error = np.sqrt(own_variance / draws)
    assert np.all(np.abs(outputs.mean(1) - found.mean[:, 0]) < 5 * error)
    # The standard error of a sample covariance: sqrt((c_ii c_jj + c_ij^2) / draws).
    error = np.sqrt((np.outer(own_variance, own_variance) + found.covariance**2) / draws)
    assert np.all(np.abs(np.cov(outputs) - found.covariance) < 5 * error)


@pytest.mark.slow
def test_an_ensemble_of_wide_networks():
    """Mean and variance of sampled ReLU networks behind two steps of descent."""
    network = sf.Serial(sf.Dense(128), sf.Relu(), sf.Dense(1))
    x = FEATURES[:5] / np.linalg.norm(FEATURES[:5], axis=1)[:, None] * math.sqrt(P)
    x_test = x[:2] + 0.6 * x[3:]
    x_test *= math.sqrt(P) / np.linalg.norm(x_test, axis=1)[:, None]
    x, x_test, y = jnp.asarray(x[:3]), jnp.asarray(x_test), jnp.asarray([1.0, -1.0, 1.0])
    own = sf.function_space.at_infinite_width(network, x, np.asarray(y), x_test)
    steps, step, draws = 2, own.safe_step_size, 1000

    def loss(params):
        return 0.5 * jnp.sum((network.apply(params, x)[:, 0] - y) ** 2)

    def trained(key):
        def move(_, params):
            slope = jax.grad(loss)(params)
            return jax.tree.map(lambda p, g: p - step * g, params, slope)

        end = jax.lax.fori_loop(0, steps, move, network.init(key, (P,)))
        return network.apply(end, x_test)[:, 0]

    outputs = np.asarray(jax.jit(jax.vmap(trained))(jax.random.split(jax.random.key(0), draws)))
    found = own.after(steps).distribution()
    # Finite width shifts both by about 1/m; the sampling errors are larger.
    error = np.sqrt(found.variance / draws)
    assert np.all(np.abs(outputs.mean(0) - found.mean[:, 0]) < 5 * error + 3 / 128)
    ratio = outputs.var(0, ddof=1) / found.variance
    assert np.all(np.abs(ratio - 1.0) < 5 * math.sqrt(2 / draws))
    # The test has a chance to fail: the variance at the start is another one.
    start = own.at(0.0).distribution().variance
    assert np.all(np.abs(start / found.variance - 1.0) > 10 * math.sqrt(2 / draws))


@pytest.mark.parametrize("noise", [0.05, 1.5])
def test_the_posterior_is_that_of_scikit_learn(noise):
    features = FEATURES * SCALES
    model = GaussianProcessRegressor(DotProduct(0.0, "fixed"), alpha=noise, optimizer=None)
    model.fit(features[:N], Y[:, 0])
    own = space()
    for on, points in (("train", features[:N]), ("test", features[N:])):
        mean, covariance = model.predict(points, return_cov=True)
        found = own.posterior(noise, on)
        np.testing.assert_allclose(found.mean[:, 0], mean, atol=1e-8)
        np.testing.assert_allclose(found.covariance, covariance, atol=1e-8)
    assert own.process.marginal_likelihood(noise) == pytest.approx(
        model.log_marginal_likelihood_value_, rel=1e-9
    )


def test_training_the_last_layer_of_an_ensemble_samples_the_posterior():
    # With the tangent kernel equal to the NNGP kernel, sample-then-optimise is exact.
    train, cross, test = blocks((FEATURES * SCALES**2) @ FEATURES.T)
    own = sf.FunctionSpace(
        train, Y, cross, test, nngp_train=train, nngp_test_train=cross, nngp_test=test
    )
    ensemble, posterior = own.limit().distribution(), own.posterior()
    np.testing.assert_allclose(ensemble.mean, posterior.mean, atol=1e-9)
    np.testing.assert_allclose(ensemble.covariance, posterior.covariance, atol=1e-9)


def test_noise_of_the_largest_marginal_likelihood():
    rng = np.random.default_rng(8)
    x = rng.standard_normal((60, 4))
    clean = x @ rng.standard_normal((4, 3))
    own = GaussianProcess(x @ x.T, clean + 0.3 * rng.standard_normal((60, 3)))
    same, best = own.fitted(amplitude=False)
    np.testing.assert_array_equal(same.k_train, own.k_train)
    # 56 degrees of freedom of 3 outputs: a relative standard error of sqrt(2 / 168) = 0.11.
    assert best == pytest.approx(0.09, rel=0.4)
    value = own.marginal_likelihood(best)
    assert all(own.marginal_likelihood(best * f) < value for f in (0.5, 0.97, 1.03, 2.0))
    assert own.marginal_likelihood(0.0) == -math.inf


def test_amplitude_and_noise_of_the_largest_marginal_likelihood():
    rng = np.random.default_rng(11)
    x = rng.standard_normal((80, 30))
    kernel = x @ x.T
    y = 3.0 * x @ rng.standard_normal((30, 4)) + 2.0 * rng.standard_normal((80, 4))
    own = GaussianProcess(kernel, y)
    fitted, noise = own.fitted()
    square = fitted.k_train[0, 0] / kernel[0, 0]
    # 30 x 4 coefficients and 50 x 4 residuals: relative standard errors of 0.13 and 0.1.
    assert square == pytest.approx(9.0, rel=0.5)
    assert noise == pytest.approx(4.0, rel=0.4)
    value = fitted.marginal_likelihood(noise)
    for a, b in ((1.05, 1.0), (0.95, 1.0), (1.0, 1.05), (1.0, 0.95), (1.05, 1.05)):
        other = GaussianProcess(a * square * kernel, y)
        assert other.marginal_likelihood(b * noise) < value
    # The decomposition that it shares is that of its own matrix.
    fresh = GaussianProcess(fitted.k_train, y)
    assert fresh.marginal_likelihood(noise) == pytest.approx(value, rel=1e-10)


def test_intervals_and_densities():
    mean, std = np.zeros((2000, 2)), np.linspace(0.5, 2.0, 2000)
    own = PredictiveDistribution(mean, np.diag(std**2))
    rng = np.random.default_rng(9)
    y = np.sqrt(std**2 + 0.2)[:, None] * rng.standard_normal((2000, 2))
    for level in (0.5, 0.95):
        error = math.sqrt(level * (1 - level) / 4000)
        assert abs(own.coverage(y, level, noise=0.2) - level) < 5 * error
    expected = norm.logpdf(y, scale=np.sqrt(std**2 + 0.2)[:, None]).sum(axis=1)
    np.testing.assert_allclose(own.log_density(y, 0.2), expected, rtol=1e-12)
    low, high = own.interval(0.95)
    np.testing.assert_allclose(high[:, 0], norm.ppf(0.975) * std)
    np.testing.assert_allclose(low, -high)
