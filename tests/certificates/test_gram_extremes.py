"""The ends of a spectrum, small and large, against LAPACK."""

import numpy as np
import pytest

from surefit.certificates import extremes
from surefit.certificates.extremes import gram_extremes


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("quick", [False, True])
def test_the_enclosures_hold_the_eigenvalues(monkeypatch, large, quick):
    monkeypatch.setattr(extremes, "LARGE", 10 if large else 100)
    a = np.random.default_rng(0).normal(size=(40, 60)) + 0.5
    gram = a @ a.T
    values, vectors = np.linalg.eigh(gram)
    smallest, largest, bottom = gram_extremes(gram, 1e-9, quick)
    assert smallest.lower + 1e-10 < values[0] < smallest.upper - 1e-10
    assert largest.lower + 1e-10 < values[-1] < largest.upper - 1e-10
    assert smallest.upper - smallest.lower < (2e-3 if large else 1e-5) * values[0]
    assert largest.upper <= 1.002 * values[-1]
    assert (bottom is None) == (large or quick)
    if bottom is not None:
        assert abs(bottom @ vectors[:, 0]) == pytest.approx(1.0, abs=1e-9)


def test_a_largest_eigenvalue_that_powers_do_not_find(monkeypatch):
    """The start of the iteration is orthogonal to its eigenvector."""
    monkeypatch.setattr(extremes, "LARGE", 10)
    v = np.concatenate([np.ones(10), -np.ones(10)]) / np.sqrt(20)
    for size in (0.5, 1.02, 1.9, 7.0):
        gram = np.eye(20) + size * np.outer(v, v)
        largest = gram_extremes(gram, 1e-9)[1]
        assert 1.0 + size < largest.upper
        assert largest.upper <= (1.0 + size) * 2.1
