"""Bounds of eigenvalues against matrices whose spectrum is known in many digits."""

import mpmath
import numpy as np
import pytest

from surefit_checker.ball import Ball
from surefit_checker.spectrum import (
    extreme_eigenvalues,
    largest_eigenvalues,
    least_eigenvalues,
    operator_bounds,
    operator_norm,
    perron,
)

RNG = np.random.default_rng(0)


def true_extremes(k):
    with mpmath.workdps(50):
        values = mpmath.eigsy(mpmath.matrix(k.tolist()), eigvals_only=True)
        return min(values), max(values)


@pytest.mark.parametrize("ratio", [1.0, 1e-3, 1e-7, 1e-12])
def test_least_eigenvalue_is_a_lower_bound_and_close(ratio):
    q = np.linalg.qr(RNG.normal(size=(12, 12)))[0]
    k = (q * np.geomspace(ratio, 1.0, 12)) @ q.T
    k = 0.5 * (k + k.T)
    low, high = true_extremes(k)
    below, above = extreme_eigenvalues(Ball(k))
    assert low - mpmath.mpf(5e-14) <= below <= low
    assert high <= above <= high + mpmath.mpf(5e-14)
    assert largest_eigenvalues(Ball(k)) == above


def test_radii_are_subtracted():
    k, e = np.diag([1.0, 2.0, 3.0]), 1e-3
    worst = k - e * np.ones((3, 3))
    low, _ = true_extremes(worst)
    assert extreme_eigenvalues(Ball(k, e))[0] <= low


def test_midpoints_need_not_be_symmetric():
    q = np.linalg.qr(RNG.normal(size=(8, 8)))[0]
    k = (q * np.linspace(1.0, 2.0, 8)) @ q.T
    k = 0.5 * (k + k.T)
    low, high = true_extremes(k)
    for upper in (False, True):  # LAPACK reads one triangle only
        noise = 1e-3 * np.tril(RNG.random((8, 8)), -1)
        ball = Ball(k + (noise.T if upper else noise), 1e-3)
        below, above = extreme_eigenvalues(ball)
        assert low - mpmath.mpf(3e-2) <= below <= low
        assert high <= above <= high + mpmath.mpf(3e-2)


def test_singular_and_indefinite_matrices_get_no_positive_bound():
    a = RNG.normal(size=(6, 3))
    assert not extreme_eigenvalues(Ball(a) @ Ball(a).T)[0] > 0
    assert extreme_eigenvalues(Ball(np.diag([1.0, -1.0])))[0] <= -1.0


@pytest.mark.parametrize("wrong", [0.0, 0.5, 0.999, 1.001, 2.0, -1.0, 1e6])
def test_wrong_eigenvalues_of_the_library_make_no_wrong_bounds(monkeypatch, wrong):
    q = np.linalg.qr(RNG.normal(size=(8, 8)))[0]
    k = (q * np.linspace(1.0, 2.0, 8)) @ q.T
    k = 0.5 * (k + k.T)
    low, high = true_extremes(k)
    monkeypatch.setattr(np.linalg, "eigvalsh", lambda a: wrong * np.linspace(1.0, 2.0, 8))
    below, above = extreme_eigenvalues(Ball(k))
    assert below <= low and high <= above


def test_stacks():
    stack = np.stack([np.diag([1.0, 5.0]), np.diag([2.0, 3.0])])
    found = least_eigenvalues(Ball(stack), np.linalg.eigvalsh(stack))
    assert np.all(found <= [1.0, 2.0]) and np.all(found >= [1 - 1e-13, 2 - 1e-13])


@pytest.mark.parametrize("shape", [(5, 8), (8, 5), (1, 7), (6, 6)])
def test_operator_norms(shape):
    a = RNG.normal(size=shape)
    with mpmath.workdps(40):
        value = max(mpmath.svd_r(mpmath.matrix(a.tolist()), compute_uv=False))
    assert value <= operator_norm(Ball(a)) <= value * (1 + mpmath.mpf("1e-12"))
    assert value <= float(operator_bounds(Ball(a)))


def test_perron_bounds_non_negative_matrices():
    for size in (1, 2, 5):
        q = RNG.random((size, size))
        q = q + q.T
        value = np.linalg.eigvalsh(q)[-1]
        assert value * (1 - 1e-14) <= perron(q) <= value * (1 + 1e-6)
    assert perron(np.zeros((3, 3))) <= 1e-250
    # As many negative eigenvalues as positive ones, of the same size.
    assert perron(np.array([[0.0, 2.0], [2.0, 0.0]])) <= 2.0 * (1 + 1e-8)
    # Reducible: the iteration does not reach the smaller block's weights.
    assert 2.0 <= perron(np.diag([2.0, 1.0, 0.0])) <= 2.0 + 1e-5
