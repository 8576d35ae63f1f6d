import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from surefit.activations import (
    ACTIVATIONS,
    Gelu,
    Relu,
    Sin,
    Softplus,
    Tanh,
    dual_error,
    hermite_coefficients,
)
from surefit.activations.hermite import dual
from surefit.errors import InvalidInputError


def by_mpmath(function, variance, k):
    """The normalised coefficient, by adaptive quadrature."""
    root = mpmath.sqrt(variance)

    def integrand(x):
        # q_k(x) = 2^(-k/2) H_k(x / sqrt 2), the probabilists' polynomial.
        polynomial = mpmath.hermite(k, x / mpmath.sqrt(2)) / mpmath.mpf(2) ** (mpmath.mpf(k) / 2)
        return function(root * x) * polynomial * mpmath.npdf(x) / mpmath.sqrt(mpmath.factorial(k))

    return float(mpmath.quad(integrand, mpmath.linspace(-14, 14, 29)))


def test_published_coefficients_of_gelu():
    found = hermite_coefficients(Gelu(), terms=30)
    np.testing.assert_allclose(
        found.unnormalised[:5], [0.282095, 0.5, 0.423142, 0, -0.35262], atol=1e-5
    )
    np.testing.assert_allclose(found.unnormalised[0], 1 / (2 * np.sqrt(np.pi)), rtol=1e-14)
    factorials = np.cumprod(np.concatenate([[1.0], np.arange(1.0, 30.0)]))
    np.testing.assert_allclose(np.sum(found.unnormalised**2 / factorials), 0.42522, atol=1e-4)
    np.testing.assert_allclose(found.second_moment, 0.42522, atol=1e-5)


@pytest.mark.parametrize(
    ("activation", "coefficients", "moment"),
    [
        (Tanh(), {0: 0.0, 1: 0.60571, 2: 0.0, 3: -0.3636}, 0.39429),
        (Softplus(shifted=True), {0: 0.11291, 1: 0.5, 2: 0.20662, 3: 0.0}, 0.28426),
    ],
)
def test_published_coefficients_of_other_functions(activation, coefficients, moment):
    found = hermite_coefficients(activation)
    for k, value in coefficients.items():
        np.testing.assert_allclose(found.unnormalised[k], value, atol=1e-5)
    np.testing.assert_allclose(found.second_moment, moment, atol=1e-5)


@pytest.mark.parametrize(
    ("variance", "k"), [(0.01, 1), (1.0, 5), (16.0, 1), (16.0, 21), (900.0, 3)]
)
def test_coefficients_of_tanh_agree_with_adaptive_quadrature(variance, k):
    found = hermite_coefficients(Tanh(), variance, terms=24)
    assert abs(found.normalised[k] - by_mpmath(mpmath.tanh, variance, k)) <= found.error
    assert found.error <= 1e-13


def test_even_coefficients_of_an_odd_function_vanish_exactly():
    assert not hermite_coefficients(Tanh(), 3.0).normalised[::2].any()


@pytest.mark.parametrize("terms", [1, 8, 33])
def test_tail_is_what_the_coefficients_leave(terms):
    few, many = (hermite_coefficients(Softplus(), 4.0, k) for k in (terms, 400))
    np.testing.assert_allclose(
        few.tail, np.sum(many.normalised[terms:] ** 2), rtol=1e-10, atol=1e-14
    )
    np.testing.assert_allclose(np.sum(few.normalised**2) + few.tail, few.second_moment, rtol=1e-13)


def test_error_of_the_coefficients_covers_a_jump():
    found = hermite_coefficients(Relu().derivative, terms=4)
    exact = np.array([0.5, 1 / np.sqrt(2 * np.pi), 0.0])
    assert np.all(np.abs(found.normalised[:3] - exact) <= found.error)
    assert found.error <= 1e-4


def test_unnormalised_coefficients_stay_finite_until_the_range_of_floats_ends():
    found = hermite_coefficients(jnp.exp, terms=302).unnormalised
    # E exp(g) q_k(g) = e^(1/2) for every k; past k = 30 the normalised ones drown in rounding.
    np.testing.assert_allclose(found[:20], np.exp(0.5), rtol=1e-4)
    assert np.isfinite(found[:301]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"variance": -1.0}, r"variance=.*must be finite and not negative. Got -1.0"),
        ({"variance": float("nan")}, "must be finite and not negative"),
        ({"terms": 0}, r"terms=.*must be at least 1. Got 0"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        hermite_coefficients(Tanh(), **arguments)


CLOSED = ["erf", "gelu", "identity", "quadratic", "sin"]


@pytest.mark.parametrize("name", CLOSED)
def test_series_equals_the_closed_forms(name):
    activation = ACTIVATIONS[name]()
    x = np.random.default_rng(1).normal(size=(12, 4))
    c = jnp.asarray(x @ x.T)
    s = jnp.diag(c)
    for closed, function in (
        (activation.dual, activation),
        (activation.derivative_dual, activation.derivative),
    ):
        expected = closed(c, s[:, None], s[None, :])
        found = dual(function, c, s[:, None], s[None, :])
        error = dual_error(function, c, s[:, None], s[None, :])
        assert np.all(np.abs(found - expected) <= error + 1e-14 * np.abs(expected))
        assert np.all(error <= 1e-12 * (1 + np.max(np.abs(expected))))


def pairs():
    rho = jnp.asarray([-0.999, -0.9, -0.5, 0.0, 0.3, 0.8, 0.97, 0.999])[:, None]
    s, t = (jnp.asarray(v)[None] for v in ([1.0, 4.0, 16.0], [1.0, 0.5, 16.0]))
    return rho * jnp.sqrt(s * t), s, t


@pytest.mark.parametrize("activation", [Tanh(), Softplus()], ids=repr)
@pytest.mark.parametrize("terms", [4, 15, 60])
def test_error_bound_of_a_short_series_is_valid_and_not_far_off(activation, terms):
    c, s, t = pairs()
    truth = dual(activation, c, s, t, terms=3000)
    error = np.abs(np.asarray(dual(activation, c, s, t, terms=terms) - truth))
    bound = np.asarray(dual_error(activation, c, s, t, terms=terms))
    assert np.all(error <= bound)
    # Cauchy-Schwarz gives away more the more the two sets of coefficients differ and the faster
    # they fall; somewhere in the table the bound is nearly attained.
    visible = bound > 1e-10
    assert visible.any()
    assert np.max((error / bound)[visible]) >= 0.1


def test_as_many_terms_as_needed_reach_the_last_digits():
    c, s, t = pairs()
    error = dual_error(Tanh(), c, s, t)
    truth = dual(Tanh(), c, s, t, terms=4096)
    assert np.all(np.abs(dual(Tanh(), c, s, t) - truth) <= error)
    assert np.all(error <= 1e-13)


@pytest.mark.parametrize("variance", [1e-8, 1.0, 16.0, 400.0])
@pytest.mark.parametrize("terms", [None, 6])
def test_diagonal_is_the_second_moment_whatever_the_number_of_terms(variance, terms):
    v = jnp.full(3, variance)
    with mpmath.workdps(20):
        root = mpmath.sqrt(variance)
        cuts = [-14, *(sign * 10**-k for sign, k in ((-1, 0), (-1, 1), (-1, 2)))]
        cuts = sorted([*cuts, 0, *(-cut for cut in cuts)])
        direct = mpmath.quad(lambda x: mpmath.tanh(root * x) ** 2 * mpmath.npdf(x), cuts)
    np.testing.assert_allclose(dual(Tanh(), v, v, v, terms), float(direct), rtol=1e-12)
    np.testing.assert_allclose(dual(Tanh(), -v, v, v, terms), -float(direct), rtol=1e-12)


def test_shapes_broadcast_and_agree():
    x = np.random.default_rng(2).normal(size=(6, 3))
    c = jnp.asarray(x @ x[:4].T)
    s, t = (jnp.asarray(np.sum(v**2, axis=1)) for v in (x, x[:4]))
    matrix = dual(Tanh(), c, s[:, None], t[None, :])
    assert matrix.shape == (6, 4)
    np.testing.assert_allclose(dual(Tanh(), c[:, 1], s, t[1]), matrix[:, 1], rtol=1e-13)
    full = dual(
        Tanh(), c, jnp.broadcast_to(s[:, None], c.shape), jnp.broadcast_to(t[None], c.shape)
    )
    np.testing.assert_allclose(full, matrix, rtol=1e-13)
    np.testing.assert_allclose(dual(Tanh(), c[2, 3], s[2], t[3]), matrix[2, 3], rtol=1e-13)


def test_zero_variance_leaves_the_value_at_zero():
    zero, two = jnp.zeros(1), jnp.full(1, 2.0)
    mean = hermite_coefficients(Softplus(), 2.0, 1).normalised[0]
    np.testing.assert_allclose(dual(Softplus(), zero, zero, two), np.log(2) * mean, rtol=1e-13)
    np.testing.assert_allclose(dual(Softplus(), zero, zero, zero), np.log(2) ** 2, rtol=1e-13)
    np.testing.assert_array_equal(dual(Tanh(), zero, zero, two), 0.0)


def test_tracing_gives_the_same_numbers():
    x = np.random.default_rng(3).normal(size=(5, 3))
    c = jnp.asarray(x @ x.T)
    s = jnp.diag(c)
    arguments = (c, s[:, None], s[None, :])
    plain = dual(Tanh(), *arguments)
    np.testing.assert_allclose(jax.jit(lambda *a: dual(Tanh(), *a))(*arguments), plain, rtol=1e-12)
    mapped = jax.vmap(lambda row, v: dual(Tanh(), row, v, s))(c, s[:, None])
    np.testing.assert_allclose(mapped, plain, rtol=1e-12)


def test_a_traced_parameter_of_the_function_is_no_obstacle():
    one = jnp.ones(1)

    def at(slope):
        return dual(lambda z: jnp.tanh(slope * z), 0.5 * one, one, one)[0]

    slope, step = jnp.asarray(1.5), 1e-5
    difference = (at(slope + step) - at(slope - step)) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.grad(at))(slope), difference, rtol=1e-8)
    np.testing.assert_allclose(jax.jit(at)(slope), at(slope), rtol=1e-13)


@pytest.mark.parametrize("which", [0, 1, 2])
def test_gradients_agree_with_finite_differences(which):
    at = tuple(map(jnp.asarray, (0.4, 1.3, 0.6)))
    slope = jax.jit(jax.grad(lambda *a: dual(Softplus(), *a), argnums=which))(*at)
    up, down = (
        dual(Softplus(), *(a + h * (i == which) for i, a in enumerate(at))) for h in (1e-5, -1e-5)
    )
    np.testing.assert_allclose(slope, (up - down) / 2e-5, rtol=1e-8)


def test_second_derivative_by_the_covariance_is_the_dual_of_the_second_derivative():
    at = tuple(map(jnp.asarray, (0.4, 1.3, 0.6)))
    curvature = jax.jit(jax.grad(jax.grad(lambda c: dual(Sin(), c, *at[1:]))))(at[0])
    np.testing.assert_allclose(curvature, Sin().dual(*at), rtol=1e-12)


def test_gram_matrices_are_positive_semidefinite_after_any_truncation():
    x = np.random.default_rng(4).normal(size=(30, 2))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    c = jnp.asarray(16 * x @ x.T)
    s = jnp.diag(c)
    for terms in (2, 5, 40):
        values = np.linalg.eigvalsh(dual(Tanh(), c, s[:, None], s[None, :], terms))
        assert values[0] >= -1e-13 * values[-1]
