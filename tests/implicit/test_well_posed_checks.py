"""The conditions on the weights: valid, tight, and different from each other."""

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.core.check import Evidence
from surefit.implicit import Picard, solve
from surefit.implicit.well_posedness import (
    measured_contraction,
    monotone_check,
    operator_norm_check,
    perron_frobenius_check,
    perron_root,
    successive_ratios,
)

RELU, TANH = sf.Relu(), sf.Tanh()
CONDITIONS = (operator_norm_check, perron_frobenius_check, monotone_check)


def verdicts(weights, activation=RELU):
    weights = np.array(weights, float)
    return [check(weights, activation).holds for check in CONDITIONS]


def gaussian(m, gamma, seed=0):
    return gamma / np.sqrt(m) * np.random.default_rng(seed).normal(size=(m, m))


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([[0.3, 0.2], [0.1, -0.4]], [True, True, True]),
        ([[0.0, 3.0], [0.0, 0.0]], [False, True, False]),  # nilpotent: two steps and it is there
        ([[0.0, -5.0], [5.0, 0.0]], [False, False, True]),  # skew
        ([[-3.0]], [False, False, True]),
        ([[0.6, 0.6], [-0.6, 0.6]], [True, False, True]),  # a rotation, shortened
        ([[2.0]], [False, False, False]),
        ([[0.0, 0.0], [0.0, 0.0]], [True, True, True]),
        ([[1.0]], [None, None, None]),  # on the boundary, up to rounding
    ],
)
def test_every_condition_sees_what_another_one_misses(weights, expected):
    for holds, due in zip(verdicts(weights), expected, strict=True):
        # None: not proved, whichever way rounding goes.
        assert holds is not True if due is None else holds is due


@pytest.mark.parametrize("weights", [[[0.0, 3.0], [0.0, 0.0]], [[0.0, -0.9], [0.9, 0.0]]])
def test_where_a_condition_holds_every_input_has_one_equilibrium(weights):
    weights = jnp.array(weights)
    assert any(verdicts(weights))
    x = jnp.asarray(np.random.default_rng(1).normal(size=(20, 2)))
    starts = jnp.asarray(np.random.default_rng(2).normal(size=(20, 2), scale=10.0))
    cold = solve(RELU, Picard(), weights, x)
    other = solve(RELU, Picard(), weights, x, starts)
    assert cold.converged.all() and other.converged.all()
    np.testing.assert_allclose(cold.state, other.state, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_the_operator_norm_is_enclosed(seed):
    weights = gaussian(30, 0.4, seed)
    check = operator_norm_check(weights, sf.LeakyRelu(-2.0))
    exact = 2.0 * float(mpmath.svd_r(mpmath.matrix(weights.tolist()), compute_uv=False)[0])
    assert abs(check.value - exact) <= check.error + 4 * np.spacing(exact)
    assert check.error < 1e-11 and check.evidence is Evidence.FLOAT


def positive_with_root(n, seed):
    """D^-1 P D with a Perron root of exactly 1 before rounding: rows of P sum to 1."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(size=(n, n))
    p /= p.sum(axis=1, keepdims=True)
    d = np.exp2(rng.integers(-3, 4, size=n))
    return p * d[None, :] / d[:, None]


@pytest.mark.parametrize("n", [1, 5, 12])
def test_the_perron_root_is_enclosed(n):
    for seed in range(3):
        signs = np.random.default_rng(seed + 9).choice([-1.0, 1.0], size=(n, n))
        magnitude = positive_with_root(n, seed)
        found = perron_root(signs * magnitude)
        eigenvalues = mpmath.eig(mpmath.matrix(magnitude.tolist()), left=False, right=False)
        exact = max(float(abs(value)) for value in eigenvalues)
        assert found.lower <= exact * (1 + 1e-15) and exact * (1 - 1e-15) <= found.upper
        assert found.upper - found.lower < 1e-8


@pytest.mark.parametrize(
    ("weights", "root"),
    [
        (np.roll(np.eye(6), 1, axis=0), 1.0),  # a cycle: power iteration alone would turn
        (np.diag([2.0, 0.1, 0.0]), 2.0),
        (np.triu(np.full((5, 5), 3.0), 1), 0.0),
        (np.kron(np.eye(2), [[0.0, 0.25], [1.0, 0.0]]), 0.5),
        (np.zeros((3, 3)), 0.0),
    ],
)
def test_the_perron_root_of_matrices_with_zeros(weights, root):
    found = perron_root(weights, threshold=1.0)
    assert found.lower <= root * (1 + 1e-15) and root <= found.upper
    # Which side of the threshold is decided, except on it.
    if root != 1.0:
        assert (found.upper < 1.0) == (root < 1.0) and (found.lower >= 1.0) == (root > 1.0)


def test_random_signs_are_what_perron_frobenius_cannot_see():
    weights = gaussian(200, 0.3)
    assert verdicts(weights) == [True, False, True]
    root = perron_root(weights).value
    # The mean of |g| times sqrt(m): four standard errors of the row sums.
    assert abs(root - 0.3 * np.sqrt(2 / np.pi) * np.sqrt(200)) < 0.05


@pytest.mark.parametrize("gamma", [0.3, 0.6])
def test_gaussian_weights_in_the_limit(gamma):
    # Edges of the spectra at m = 400: fluctuations are of the order m^(-2/3), about 2 %.
    weights = gaussian(400, gamma, seed=3)
    assert operator_norm_check(weights, RELU).value == pytest.approx(2 * gamma, rel=0.03)
    assert monotone_check(weights, RELU).value == pytest.approx(np.sqrt(2) * gamma, rel=0.04)


def test_the_monotone_condition_scales_with_the_activation():
    weights = gaussian(12, 0.4)
    due = np.linalg.eigvalsh((weights + weights.T) / 2)[-1]
    for activation, factor in [(RELU, 1.0), (sf.LeakyRelu(2.0), 2.0), (sf.Identity(), 1.0)]:
        check = monotone_check(weights, activation)
        assert check.value == pytest.approx(factor * due, rel=1e-12)
        assert check.evidence is Evidence.FLOAT and check.error < 1e-12
    assert monotone_check(weights, TANH).evidence is Evidence.SAMPLED
    assert monotone_check(-5 * np.eye(3), RELU).value == pytest.approx(-5.0)
    assert monotone_check(-5 * np.eye(3), RELU).holds is True


@pytest.mark.parametrize("activation", [sf.Sin(), sf.LeakyRelu(-0.5), sf.Gelu()])
def test_a_decreasing_activation_is_no_proximal_operator(activation):
    check = monotone_check(0.1 * np.eye(2), activation)
    assert check.holds is None and "decreases somewhere" in check.note


def test_without_a_lipschitz_constant_nothing_is_claimed():
    assert verdicts(0.1 * np.eye(2), sf.Quadratic()) == [False, False, None]
    for condition in CONDITIONS:
        assert "no Lipschitz constant" in condition(np.eye(2), sf.Quadratic()).note


def test_weights_that_are_not_finite_are_refused():
    weights = np.array([[0.1, 0.2], [np.nan, 0.1]])
    for condition in CONDITIONS:
        with pytest.raises(sf.errors.InvalidInputError, match="finite"):
            condition(weights, RELU)
    message = r"perron_root\(weights=...\)` must be finite. Got NaN or infinity in rows \[1\]"
    with pytest.raises(sf.errors.InvalidInputError, match=message):
        perron_root(weights)


def test_the_measured_contraction_of_a_linear_map():
    x = np.array([[1.0, 0.0], [0.0, 1.0]])
    check = measured_contraction(np.diag([0.25, 0.5]), sf.Identity(), x)
    assert check.value == pytest.approx(0.5, rel=1e-12) and check.holds is True
    assert check.evidence is Evidence.SAMPLED and "row 1" in check.note
    growing = measured_contraction(np.diag([1.5, 0.5]), sf.Identity(), x)
    assert growing.value == pytest.approx(1.5) and growing.holds is False
    assert measured_contraction(np.zeros((2, 2)), RELU, x).value == 0.0
    assert measured_contraction(np.eye(2), RELU, np.zeros((1, 2))).value == 0.0


@pytest.mark.parametrize("activation", [RELU, TANH])
def test_ratios_end_at_the_spectral_radius_and_stay_below_the_norm(activation):
    weights, x = gaussian(24, 0.4, 5), np.random.default_rng(6).normal(size=(5, 24))
    ratios = np.asarray(successive_ratios(activation, jnp.asarray(weights), jnp.asarray(x), 60))
    assert np.nanmax(ratios) <= operator_norm_check(weights, activation).value * (1 + 1e-6)
    assert np.isnan(ratios[-1]).all() and not np.isnan(ratios[:4]).any()
    # By hand, until the floor of rounding.
    h, before = np.asarray(activation(jnp.asarray(x))), np.zeros_like(x)
    for row in ratios[:4]:
        new = np.asarray(activation(jnp.asarray(h @ weights.T + x)))
        gaps = np.linalg.norm(new - h, axis=1), np.linalg.norm(h - before, axis=1)
        np.testing.assert_allclose(row, gaps[0] / gaps[1], rtol=1e-10)
        h, before = new, h
