"""Hermite coefficients in the paper's normalisation and the choice of a degree."""

import math

import mpmath
import numpy as np
import pytest

from surefit.activations import Erf, Gelu, Identity, Quadratic, Sigmoid, Softplus, Tanh
from surefit.errors import InvalidInputError
from surefit.theory.shallow import admissible_degree, hadamard_spectrum, series_weights


def unit_rows(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


# Activation, published c_i, published E phi^2; None where nothing is published.
PUBLISHED = [
    (Gelu(), (0.282095, 0.5, 0.423142, 0.0, -0.35262), 0.42522),
    (Tanh(), (0.0, 0.60571, 0.0, -0.3636), 0.39429),
    (Softplus(shifted=True), (0.11291, 0.5, 0.20662), 0.28426),
]


@pytest.mark.parametrize(("activation", "coefficients", "moment"), PUBLISHED, ids=str)
def test_published_coefficients(activation, coefficients, moment):
    found = series_weights(activation).coefficients
    np.testing.assert_allclose(found.unnormalised[: len(coefficients)], coefficients, atol=1e-5)
    assert abs(found.second_moment - moment) <= 1e-5
    weights = series_weights(activation)
    # Parseval, c_i^2/i! over 30 terms.
    assert sum(weights.weight(i).value for i in range(30)) == pytest.approx(moment, abs=1e-4)


FUNCTIONS = {
    Gelu(): lambda z: z * mpmath.ncdf(z),
    Tanh(): mpmath.tanh,
    Sigmoid(shifted=True): lambda z: mpmath.tanh(z / 2) / 2,
    Softplus(shifted=True): lambda z: mpmath.log1p(mpmath.exp(z)) - mpmath.log(2),
}


@pytest.mark.parametrize("omega1", [0.125, 1.0, 2.0])
@pytest.mark.parametrize("activation", FUNCTIONS, ids=str)
def test_weights_enclose_those_of_an_independent_quadrature(activation, omega1):
    weights = series_weights(activation, omega1)
    function = FUNCTIONS[activation]
    with mpmath.workdps(25):
        edges = list(range(-12, 13, 4))

        def expectation(g):
            return mpmath.quad(lambda z: function(omega1 * z) * g(z) * mpmath.npdf(z), edges)

        left = expectation(lambda z: function(omega1 * z))
        for degree in range(4):
            he = (lambda z: 1, lambda z: z, lambda z: z**2 - 1, lambda z: z**3 - 3 * z)[degree]
            exact = expectation(he) ** 2 / math.factorial(degree)
            found = weights.weight(degree)
            # The quadrature itself is good to 1e-20; a coefficient that vanishes comes out there.
            assert found.lower - 1e-18 <= exact <= found.upper + 1e-18
            assert found.error <= 1e-13
            rest = weights.from_degree(degree)
            assert rest.lower - 1e-18 <= left <= rest.upper + 1e-18
            assert rest.error <= 1e-13
            left -= exact


def test_only_coefficients_that_are_certainly_not_zero_count():
    def certain(activation):
        weights = series_weights(activation)
        return [i for i in range(9) if weights.weight(i).lower > 0]

    assert certain(Gelu()) == certain(Softplus(shifted=True)) == [0, 1, 2, 4, 6, 8]
    assert certain(Tanh()) == certain(Erf()) == certain(Sigmoid(shifted=True)) == [1, 3, 5, 7]
    assert certain(Identity()) == [1]
    assert certain(Quadratic()) == [0, 2]


def test_narrow_first_layers_lose_the_higher_coefficients():
    # LeCun with d_0 = 64: c_2^2/2! of GELU falls from .0895 to 7.5e-5.
    assert series_weights(Gelu(), 1.0).weight(2).value == pytest.approx(0.0895, abs=5e-5)
    assert series_weights(Gelu(), 1 / 8).weight(2).value == pytest.approx(7.5e-5, abs=5e-7)


CASES = [
    (Gelu(), 6, 12), (Gelu(), 30, 12), (Tanh(), 30, 12), (Tanh(), 9, 12),
    (Softplus(shifted=True), 30, 6), (Erf(), 20, 3), (Gelu(), 24, 3),
]  # fmt: skip


@pytest.mark.parametrize(("activation", "n", "d"), CASES, ids=str)
def test_degree_is_the_best_of_all(activation, n, d):
    x = unit_rows(n, d, seed=5)
    found = admissible_degree(x, activation)
    weights = series_weights(activation)
    each = {
        t: weights.weight(t).lower * hadamard_spectrum(x, t).smallest.lower ** 2
        for t in range(1, 24)
    }
    winner = max(each, key=each.get)
    assert found.degree == winner and found.best
    assert found.bound.lower == pytest.approx(each[winner], rel=1e-12)
    assert found.bound.lower > 0 and found.bound.error <= 1e-12 * found.weight.value
    assert found.power.degree == winner and found.weight == weights.weight(winner)


def test_parity_decides_which_degrees_can_win():
    # 100 rows in 20 dimensions exclude t = 1; GELU has no t = 3, tanh no t = 2.
    assert admissible_degree(unit_rows(100, 20), Gelu()).degree == 2
    assert admissible_degree(unit_rows(100, 20), Tanh()).degree == 3


def test_no_degree_where_none_can_help():
    x = unit_rows(12, 10)
    parallel = np.concatenate([x, -x[:1]])
    assert admissible_degree(parallel, Gelu()) is None
    assert admissible_degree(x, Identity()) is None  # more rows than dimensions
    assert admissible_degree(unit_rows(10, 10), Identity()).degree == 1
    assert admissible_degree(unit_rows(7, 3), Quadratic()) is None  # more than binom(4, 2)
    assert admissible_degree(unit_rows(6, 3), Quadratic()).degree == 2


def test_a_winner_among_few_terms_does_not_claim_more():
    # Close rows want a high degree, and the weight beyond t = 3 is larger than what t <= 3 gives.
    angles = np.linspace(0, 0.9, 3)
    x = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert not admissible_degree(x, Gelu(), terms=4).best
    assert admissible_degree(x, Gelu(), terms=64).best


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: series_weights(Gelu(), 0.0), r"`series_weights\(omega1=...\)` must be positive"),
        (lambda: series_weights(Gelu(), math.inf), r"must be positive and finite. Got inf"),
        (
            lambda: admissible_degree(2.0 * np.eye(3), Gelu()),
            r"`admissible_degree\(x=...\)` must have rows of norm 1. Got 1 \+1 at row 0.*unit_norm",
        ),
    ],
)
def test_misuse_is_refused(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()
