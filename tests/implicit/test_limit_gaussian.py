"""Equilibria driven by Gaussian features."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.kernel import Kernel
from surefit.errors import InvalidInputError, NumericalError
from surefit.implicit.limits import gaussian_injection
from surefit.implicit.limits.fixed_point import covariance_fixed_point, variance_fixed_point


def gaussian(x1, x2=None, own=0.0, dtype=jnp.float64):
    """The kernel behind `Dense` with bias: products of rows plus the variance of the bias."""
    x1, x2_ = jnp.asarray(x1, dtype), jnp.asarray(x1 if x2 is None else x2, dtype)
    s, t = jnp.sum(x1**2, axis=1) + own, jnp.sum(x2_**2, axis=1) + own
    c = x1 @ x2_.T + own
    if x2 is None:
        c = jnp.where(jnp.eye(len(s), dtype=bool), s, c)
    return Kernel(c, c, s, t, 9, gaussian=True, symmetric=x2 is None)


def data(n=4, d=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)) / d**0.5


def expectation(function, sigma, i, j):
    """E[f(u) f(v)] on a grid; the trapezoid rule is exact for analytic functions of Gaussians."""
    grid = np.linspace(-9, 9, 361)
    density = np.exp(-(grid**2) / 2) * 0.05 / math.sqrt(2 * math.pi)
    s, t, c = sigma[i, i], sigma[j, j], sigma[i, j]
    u = math.sqrt(s) * grid[:, None]
    rest = math.sqrt(max(t - c**2 / s, 0.0))
    v = c / math.sqrt(s) * grid[:, None] + rest * grid[None, :]
    return float(np.sum(function(u) * function(v) * density[:, None] * density[None, :]))


def test_numbers_of_a_deep_equilibrium_model():
    # sigma_W^2, sigma_U^2, sigma_b^2 = 1/4, 1/4, 1/2 and the rectifier times sqrt(2).
    c = 0.25 * 0.3 + 0.5
    matrix = jnp.array([[0.75, c], [c, 0.75]])
    k = Kernel(matrix, matrix, jnp.diag(matrix), jnp.diag(matrix), 3, gaussian=True, symmetric=True)
    found = gaussian_injection(k, sf.Relu(), math.sqrt(0.5), True)
    source = found.behind.kernel
    np.testing.assert_allclose(source.nngp[0, 1], 0.777301214967, atol=1e-12)
    np.testing.assert_allclose(source.ntk[0, 1], 0.966615785597, atol=1e-12)
    np.testing.assert_allclose(jnp.diag(source.nngp), 1.0, rtol=1e-14)
    np.testing.assert_allclose(jnp.diag(source.ntk), 1 / (1 - 0.25), rtol=1e-14)
    theta = math.acos(0.777301214967)
    np.testing.assert_allclose(
        found.ntk[0, 1], (math.pi - theta) / (2 * math.pi) * 0.966615785597, rtol=1e-11
    )
    assert (found.width, found.symmetric, found.gaussian) == (3, True, False)
    assert (found.behind.activation, source.gaussian) == (sf.Relu(), True)


def test_tanh_against_iterated_quadrature():
    gain, x = 0.7, data(3)
    k = gaussian(x, own=0.1)
    found = gaussian_injection(k, sf.Tanh(), gain, True)
    sigma = injected = np.asarray(k.nngp)
    pairs = [(i, j) for i in range(3) for j in range(3)]
    for _ in range(60):
        values = [expectation(np.tanh, sigma, i, j) for i, j in pairs]
        sigma = gain**2 * np.reshape(values, (3, 3)) + injected
    slope = np.reshape(
        [expectation(lambda z: 1 / np.cosh(z) ** 2, sigma, i, j) for i, j in pairs], (3, 3)
    )
    theta = sigma / (1 - gain**2 * slope)
    np.testing.assert_allclose(found.behind.kernel.nngp, sigma, rtol=1e-12)
    np.testing.assert_allclose(found.behind.kernel.ntk, theta, rtol=1e-12)
    np.testing.assert_allclose(found.ntk, slope * theta, rtol=1e-12)


@pytest.mark.parametrize(
    ("activation", "gain", "two"),
    [(sf.Relu(), 0.5, False), (sf.Relu(), 1.3, True), (sf.LeakyRelu(0.2), 0.9, True),
     (sf.Sin(), 0.9, False), (sf.Softplus(), 0.5, True)],
    ids=repr,
)  # fmt: skip
def test_fixed_point_and_sum_of_layers(activation, gain, two):
    k = gaussian(data(), data(3, seed=1) if two else None, own=0.2)
    found = gaussian_injection(k, activation, gain, True)
    source = found.behind.kernel
    np.testing.assert_allclose(source.nngp, gain**2 * found.nngp + k.nngp, rtol=1e-13)
    np.testing.assert_allclose(
        source.variance1, gain**2 * found.variance1 + k.variance1, rtol=1e-13
    )
    np.testing.assert_allclose(
        source.variance2, gain**2 * found.variance2 + k.variance2, rtol=1e-13
    )
    slope = gain**2 * activation.derivative_dual(
        source.nngp, source.variance1[:, None], source.variance2[None]
    )
    off = ~jnp.eye(4, dtype=bool) if not two else jnp.ones((4, 3), bool)
    # Theta = Sigma + slope Theta, all weights moving.
    equation = source.nngp + slope * source.ntk
    np.testing.assert_allclose(source.ntk[off], equation[off], rtol=1e-12)
    frozen = gaussian_injection(k, activation, gain, False).behind.kernel.ntk
    np.testing.assert_allclose(frozen[off], (k.ntk / (1 - slope))[off], rtol=1e-12)


def test_iterated_layers_reach_the_fixed_point():
    gain, k = 0.9, gaussian(data())
    found = gaussian_injection(k, sf.Relu(), gain, True)
    dense = sf.Dense(9, gain)
    layer = k
    for _ in range(80):
        deeper = dense.kernel(sf.Relu().kernel(layer))
        layer = Kernel(
            deeper.nngp + k.nngp, deeper.ntk + k.ntk, deeper.variance1 + k.variance1,
            deeper.variance2 + k.variance2, 9, gaussian=True, symmetric=True,
        )  # fmt: skip
    np.testing.assert_allclose(found.behind.kernel.nngp, layer.nngp, rtol=1e-12)


def test_equal_and_opposite_samples_beyond_contraction():
    x = np.array([[0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]])
    for gain in (0.8, 1.1):
        source = gaussian_injection(gaussian(x), sf.Relu(), gain, True).behind.kernel
        q = 1 / (1 - gain**2 / 2)
        np.testing.assert_allclose(source.nngp[:2, :2], q, rtol=1e-13)
        np.testing.assert_allclose(source.ntk[0, 0], q / (1 - gain**2 / 2), rtol=1e-13)
        # E[u_+ v_+] at correlation r, the root of a scalar equation.
        low, high = -1.0, 1.0
        for _ in range(100):
            r = (low + high) / 2
            dual = (math.sqrt(1 - r * r) + (math.pi - math.acos(r)) * r) / (2 * math.pi)
            low, high = (r, high) if gain**2 * q * dual - 1 > q * r else (low, r)
        np.testing.assert_allclose(source.nngp[0, 2], q * r, atol=1e-12)


def test_under_jit_in_float32_and_differentiated():
    x = data()
    for activation in (sf.Relu(), sf.Tanh()):
        plain = gaussian_injection(gaussian(x, own=0.1), activation, 0.6, True)
        call = jax.jit(
            lambda x, a=activation: gaussian_injection(gaussian(x, own=0.1), a, 0.6, True)
        )
        np.testing.assert_allclose(call(jnp.asarray(x)).ntk, plain.ntk, rtol=1e-12)
        single = gaussian_injection(gaussian(x, None, 0.1, jnp.float32), activation, 0.6, True)
        assert single.ntk.dtype == jnp.float32
        np.testing.assert_allclose(single.ntk, plain.ntk, rtol=1e-4, atol=1e-5)
    h = 1e-6
    of_variance = jax.jit(lambda v: jnp.sum(variance_fixed_point(sf.Erf(), 0.8, v)))
    v = jnp.array([0.5, 2.0])
    numeric = (of_variance(v.at[1].add(h)) - of_variance(v.at[1].add(-h))) / (2 * h)
    np.testing.assert_allclose(jax.grad(of_variance)(v)[1], numeric, rtol=1e-7)
    s = jnp.full((1, 1), 1.5)

    def of_covariance(c, s):
        return jnp.sum(covariance_fixed_point(sf.Erf(), 0.8, c, s, s.T))

    c = jnp.full((1, 1), 0.4)
    slopes = jax.jit(jax.grad(of_covariance, argnums=(0, 1)))(c, s)
    # Price: dc*/dc = 1 / (1 - gain^2 E[phi' phi']).
    root = covariance_fixed_point(sf.Erf(), 0.8, c, s, s)
    price = 1 / (1 - 0.64 * sf.Erf().derivative_dual(root, s, s))
    np.testing.assert_allclose(slopes[0], price, rtol=1e-12)
    numeric = (of_covariance(c, s + h) - of_covariance(c, s - h)) / (2 * h)
    np.testing.assert_allclose(slopes[1][0, 0], numeric, rtol=1e-7)


@pytest.mark.parametrize(
    ("activation", "gain"),
    [(sf.Relu(), 1.42), (sf.Erf(), 3.0)],
    ids=repr,
)
def test_no_fixed_point_is_an_error_and_nan_inside_programs(activation, gain):
    k = gaussian(data() / 100)
    with pytest.raises(NumericalError, match=f"Got {gain} for .*for sample 0.*smaller gain"):
        gaussian_injection(k, activation, gain, True)
    compiled = jax.jit(gaussian_injection, static_argnums=(1, 2, 3))(k, activation, gain, True)
    assert bool(jnp.all(jnp.isnan(compiled.nngp)))
    assert bool(jnp.all(jnp.isnan(compiled.ntk)))


def test_only_samples_without_a_limit_are_nan():
    # z^2 has a fixed point for small inputs only: s = 3 gain^2 s^2 + s0.
    x = jnp.array([[0.1], [2.0]])
    found = jax.jit(lambda x: gaussian_injection(gaussian(x), sf.Quadratic(), 0.5, True))(x)
    assert np.isnan(np.asarray(found.nngp)).tolist() == [[False, True], [True, True]]
    source = found.behind.kernel.variance1[0]
    np.testing.assert_allclose(source, (1 - math.sqrt(1 - 0.03)) / 1.5, rtol=1e-12)
    with pytest.raises(NumericalError, match=r"sample 1\. .*`weight_std` of the equilibrium\)\.$"):
        gaussian_injection(gaussian(x), sf.Quadratic(), 0.5, True)


def test_zero_injection_stays_at_zero():
    x = jnp.array([[0.0, 0.0], [1.0, 2.0]])
    found = gaussian_injection(gaussian(x), sf.Relu(), 0.5, True)
    np.testing.assert_array_equal(found.nngp[0], 0.0)
    assert bool(jnp.all(jnp.isfinite(found.ntk)))


def test_refusals():
    k = sf.tangent.limit.input_kernel(jnp.eye(2))
    with pytest.raises(InvalidInputError, match=r"must be given a Gaussian kernel.*Put a `Dense`"):
        gaussian_injection(k, sf.Relu(), 0.5, True)
    bad = Kernel(5 * jnp.ones((2, 2)), jnp.ones((2, 2)), jnp.ones(2), jnp.ones(2), 3, gaussian=True)
    nan = Kernel(
        jnp.full((2, 2), jnp.nan), jnp.ones((2, 2)), jnp.ones(2), jnp.ones(2), 3, gaussian=True
    )
    for k in (bad, nan):
        with pytest.raises(NumericalError, match=r"fixed point of the covariances.*Check `k`"):
            gaussian_injection(k, sf.Relu(), 0.5, True)
