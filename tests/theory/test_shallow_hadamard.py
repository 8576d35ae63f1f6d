"""Singular values of tensor powers, against the powers themselves and exact arithmetic."""

import itertools
import math

import mpmath
import numpy as np
import pytest

from surefit.errors import InvalidInputError
from surefit.theory.shallow import hadamard_power, hadamard_spectrum, symmetric_dimension


def unit_rows(n, d, seed=0):
    x = np.random.default_rng(seed).normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def tensor_power(x, degree):
    columns = x
    for _ in range(degree - 1):
        columns = np.einsum("na,nb->nab", columns, x).reshape(len(x), -1)
    return columns


@pytest.mark.parametrize("degree", [1, 2, 3, 4])
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_spectrum_is_that_of_the_explicit_tensor_powers(degree, scale):
    x = scale * unit_rows(6, 6)
    values = np.linalg.svd(tensor_power(x, degree), compute_uv=False)
    found = hadamard_spectrum(x, degree)
    # The singular values are good to 1e-15 of the largest.
    assert abs(found.smallest.value - values[-1]) <= 1e-14 * values[0]
    assert abs(found.largest.value - values[0]) <= 1e-14 * values[0]
    assert found.smallest.error <= 1e-12 * values[0] and found.largest.error <= 1e-12 * values[0]
    assert 0.999 * values[-1] < found.smallest.lower <= found.smallest.upper < 1.001 * values[-1]


def test_enclosures_hold_the_exact_values_of_a_nearly_singular_matrix():
    # Two rows at distance 1e-5: lambda_min of the power is 1 - rho^t, in exact arithmetic on the
    # rows as they are stored.
    x = np.array([[1.0, 0.0], [math.cos(1e-5), math.sin(1e-5)]])
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(float(v)) for v in row] for row in x]
        gram = [[sum(a * b for a, b in zip(r, s, strict=True)) for s in rows] for r in rows]
        for degree in (1, 2, 5):
            matrix = mpmath.matrix([[v**degree for v in row] for row in gram])
            exact = [mpmath.sqrt(v) for v in mpmath.eigsy(matrix, eigvals_only=True)]
            found = hadamard_spectrum(x, degree)
            assert found.smallest.lower <= exact[0] <= found.smallest.upper
            assert found.largest.lower <= exact[1] <= found.largest.upper
            assert found.smallest.error <= 1e-4 * float(exact[0])


@pytest.mark.parametrize("degree", [1, 2, 7])
def test_error_of_a_power_covers_exact_arithmetic(degree):
    x = 2.0 * unit_rows(5, 3, seed=4)
    power, error = hadamard_power(x, degree)
    with mpmath.workdps(60):
        rows = [[mpmath.mpf(float(v)) for v in row] for row in x]
        gap = mpmath.sqrt(
            sum(
                (mpmath.fdot(zip(r, s, strict=True)) ** degree - mpmath.mpf(float(power[i, j])))
                ** 2
                for i, r in enumerate(rows)
                for j, s in enumerate(rows)
            )
        )
    assert 0 < float(gap) <= error <= 1e-14 * degree * np.linalg.norm(power)


def test_more_samples_than_symmetric_tensors_leave_exactly_zero():
    # The rank is at most binom(d + t - 1, t), not d^t.
    for d, t in itertools.product((2, 3), (1, 2, 3)):
        dimension = symmetric_dimension(d, t)
        assert dimension == math.comb(d + t - 1, t)
        full, over = unit_rows(dimension, d, seed=1), unit_rows(dimension + 1, d, seed=1)
        assert np.linalg.matrix_rank(tensor_power(over, t)) == dimension
        assert hadamard_spectrum(full, t).smallest.lower > 0
        found = hadamard_spectrum(over, t)
        assert (found.smallest.lower, found.smallest.upper) == (0.0, 0.0)
        assert found.rank_bound == dimension


def test_unit_rows_get_better_conditioned_with_the_degree():
    found = [hadamard_spectrum(unit_rows(15, 20, seed=2), t) for t in range(1, 8)]
    assert all(a.smallest.value <= b.smallest.value for a, b in itertools.pairwise(found))
    assert all(a.largest.value >= b.largest.value for a, b in itertools.pairwise(found))


def test_equal_rows_are_not_called_independent():
    x = unit_rows(6, 5)
    found = hadamard_spectrum(np.concatenate([x, x[:1]]), 3)
    assert found.smallest.lower == 0.0 and found.smallest.upper <= 1e-6


@pytest.mark.parametrize(
    ("x", "degree", "message"),
    [
        (np.eye(2), 0, r"`hadamard_spectrum\(degree=...\)` must be at least 1. Got 0.*rank 1"),
        (np.ones(3), 1, r"`hadamard_spectrum\(x=...\)` must be a matrix"),
        (np.array([[np.nan]]), 1, r"`hadamard_spectrum\(x=...\)` must be finite"),
    ],
)
def test_misuse_is_refused(x, degree, message):
    with pytest.raises(InvalidInputError, match=message):
        hadamard_spectrum(x, degree)


def test_a_negative_degree_has_no_dimension():
    message = r"`symmetric_dimension\(degree=...\)` must be at least 0. Got -1"
    with pytest.raises(InvalidInputError, match=message):
        symmetric_dimension(3, -1)
