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
    assert smallest.upper - smallest.lower < 1e-5 * values[0]
    # From above the largest is the Perron root of |K|, which is larger where signs differ.
    perron = np.linalg.norm(np.abs(gram), 2)
    assert largest.upper <= 1.02 * perron
    assert (bottom is None) == (large or quick)
    if bottom is not None:
        assert abs(bottom @ vectors[:, 0]) == pytest.approx(1.0, abs=1e-9)
