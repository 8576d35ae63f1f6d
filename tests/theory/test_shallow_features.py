"""Singular values of features at given weights, their limit, and the bounds on it."""

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from surefit.activations import Erf, Gelu, Quadratic, Softplus, Tanh
from surefit.errors import InvalidInputError
from surefit.theory.shallow import (
    feature_kernel,
    feature_spectrum,
    series_weights,
    width_at_least_samples,
)


def unit_rows(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def gaussian(rows, columns, seed=1):
    return np.random.default_rng(seed).normal(size=(rows, columns))


@pytest.mark.parametrize("activation", [Gelu(), Tanh(), Softplus(shifted=True)], ids=str)
def test_spectrum_is_that_of_the_features(activation):
    x, weights = unit_rows(7, 5), gaussian(30, 5)
    values = np.linalg.svd(np.asarray(activation(jnp.asarray(weights @ x.T))), compute_uv=False)
    found = feature_spectrum(activation, weights, x)
    assert found.smallest.contains(values[-1]) and found.largest.contains(values[0])
    assert found.smallest.error <= 1e-9 * values[0] and found.largest.error <= 1e-12 * values[0]
    assert (found.width, found.samples) == (30, 7)


def test_enclosures_hold_the_exact_singular_values():
    x, weights = unit_rows(2, 2, seed=3), gaussian(3, 2)
    with mpmath.workdps(50):
        rows, hidden = (mpmath.matrix(m.tolist()) for m in (x, weights))
        features = (hidden * rows.T).apply(mpmath.tanh)
        exact = mpmath.eigsy(features.T * features, eigvals_only=True)
        low, high = mpmath.sqrt(exact[0]), mpmath.sqrt(exact[1])
    found = feature_spectrum(Tanh(), weights, x)
    assert found.smallest.lower <= low <= found.smallest.upper
    assert found.largest.lower <= high <= found.largest.upper
    assert 0 < found.smallest.error <= 1e-12


@pytest.mark.parametrize("width", [1, 6])
def test_fewer_features_than_samples_give_exactly_zero(width):
    found = feature_spectrum(Gelu(), gaussian(width, 5), unit_rows(7, 5))
    assert (found.smallest.lower, found.smallest.value, found.smallest.upper) == (0.0, 0.0, 0.0)
    assert found.largest.lower > 0
    check = width_at_least_samples(width, 7)
    assert check.holds is False and (check.value, check.bound) == (width, 7)
    assert width_at_least_samples(7, 7).holds is True


def test_smallest_singular_value_approaches_that_of_the_limit():
    n, d = 40, 12
    x = unit_rows(n, d, seed=7)
    limit = feature_kernel(x, Gelu()).smallest.value
    ratios = [
        feature_spectrum(Gelu(), gaussian(k * n, d, seed=k), x).smallest.value ** 2
        / (k * n * limit)
        for k in (1, 4, 16, 64)
    ]
    # Near 0 at d_1 = n, within 10 per cent at 64 n: the limit alone does not say how wide.
    assert ratios[0] <= 0.1 and 0.3 <= ratios[1] <= 0.8 and 0.7 <= ratios[2] <= 1.05
    assert abs(ratios[3] - 1) <= 0.1
    assert ratios == sorted(ratios)


CASES = [(Gelu(), 1.0), (Gelu(), 0.3), (Tanh(), 1.0), (Softplus(shifted=True), 1.0), (Erf(), 2.0)]


@pytest.mark.parametrize(("activation", "omega1"), CASES, ids=str)
def test_kernel_is_the_sum_of_its_series(activation, omega1):
    x = unit_rows(12, 6, seed=2)
    weights = series_weights(activation, omega1, 160).coefficients.normalised ** 2
    gram = x @ x.T
    np.fill_diagonal(gram, 1.0)
    values = np.linalg.eigvalsh(np.sum(weights * gram[..., None] ** np.arange(160), axis=2))
    found = feature_kernel(x, activation, omega1)
    np.testing.assert_allclose(found.spectrum.eigenvalues, values, atol=1e-13)
    assert found.omega1 == omega1 and 0 < found.spectrum.error <= 1e-12


def test_kernel_is_the_mean_over_weights_also_for_rows_of_other_norms():
    x = unit_rows(3, 4, seed=2) * np.array([[0.5], [1.0], [2.0]])
    draws = 40_000
    features = np.asarray(Gelu()(jnp.asarray(0.7 * gaussian(draws, 4) @ x.T)))
    products = features[:, :, None] * features[:, None, :]
    mean, error = products.mean(axis=0), products.std(axis=0) / np.sqrt(draws)
    found = feature_kernel(x, Gelu(), 0.7)
    vectors = found.spectrum.eigenvectors
    kernel = (vectors * found.spectrum.eigenvalues[None, :]) @ vectors.T
    assert np.all(np.abs(kernel - mean) <= 4.5 * error)
    assert np.all(error <= 0.02 * np.max(kernel))
    assert (found.degree, found.lower, found.upper) == (None, (), ())


@pytest.mark.parametrize(("activation", "omega1"), CASES, ids=str)
def test_bounds_by_terms_are_valid_and_say_where_they_come_from(activation, omega1):
    found = feature_kernel(unit_rows(12, 6, seed=3), activation, omega1)
    tail, one = found.lower
    assert 0 < one.value <= tail.value <= found.smallest.lower
    assert found.largest.upper <= found.upper[0].value
    assert tail.degree == one.degree == found.degree.degree
    assert "proof of Theorem 3" in one.source and "derived" in tail.source
    assert one.formula == "(c_t^2/t!) sigma_min(X^{*t})^2"


def test_order_of_the_bounds_at_a_hundred_rows_in_twenty_dimensions():
    # Of the published size: .01727 for the series, .00867 for the bound by one term.
    found = feature_kernel(unit_rows(100, 20), Gelu())
    tail, one = found.lower
    assert found.smallest.value == pytest.approx(0.01727, rel=0.15)
    assert one.value == pytest.approx(0.00867, rel=0.15) and one.degree == 2
    assert 1.05 * one.value <= tail.value <= found.smallest.value <= 2.5 * one.value


def test_bounds_are_attained_on_orthonormal_rows():
    # X X^T = I: the kernel is a multiple of I plus c_0^2 1 1^T, and Schur's inequalities are equal.
    found = feature_kernel(np.eye(5), Gelu())
    assert found.lower[0].value == pytest.approx(found.smallest.value, rel=1e-12)
    assert found.upper[0].value == pytest.approx(found.largest.value, rel=1e-12)
    square = feature_kernel(np.eye(5), Tanh())
    assert square.lower[0].value == pytest.approx(square.smallest.value, rel=1e-12)


def test_parallel_rows_have_no_lower_bound_and_no_positive_eigenvalue():
    x = unit_rows(5, 4)
    found = feature_kernel(np.concatenate([x, x[:1]]), Gelu())
    assert found.degree is None and found.lower == ()
    assert found.smallest.lower <= 0 <= found.smallest.upper
    assert len(found.upper) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: feature_spectrum(Gelu(), np.ones((4, 3)), np.ones((2, 5))),
            r"`feature_spectrum\(weights=..., x=...\)` must have as many columns each. Got shapes "
            r"\(4, 3\) and \(2, 5\)",
        ),
        (
            lambda: feature_spectrum(Quadratic(), np.ones((4, 3)), np.ones((2, 3))),
            r"`feature_spectrum\(activation=...\)` must have a bounded derivative",
        ),
        (
            lambda: feature_spectrum(Gelu(), np.ones(4), np.ones((2, 3))),
            r"`feature_spectrum\(weights=...\)` must be a matrix",
        ),
        (lambda: feature_kernel(np.eye(2), Gelu(), -1.0), r"`series_weights\(omega1=...\)`"),
    ],
)
def test_misuse_is_refused(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()


def test_verdicts_are_in_double_precision_for_callers_in_single_precision():
    x = unit_rows(7, 5)
    expected = feature_kernel(x, Gelu()).smallest.value
    with jax.enable_x64(False):
        assert feature_kernel(x, Gelu()).smallest.value == pytest.approx(expected, rel=1e-12)
        assert feature_spectrum(Gelu(), gaussian(30, 5), x).smallest.error < 1e-10
