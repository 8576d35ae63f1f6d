import numpy as np
import pytest

import surefit as sf
from surefit.core.spectrum import effective_dimension, symmetric_spectrum

J = np.random.default_rng(0).normal(size=(12, 7))


def test_it_is_the_trace_of_the_smoother():
    gram = J @ J.T
    for ridge in (1e-3, 1.0, 30.0):
        exact = np.trace(gram @ np.linalg.inv(gram + ridge * np.eye(12)))
        found = effective_dimension(gram, ridge)
        np.testing.assert_allclose(found.value, exact, rtol=1e-9)
        assert found.lower <= found.value <= found.upper
    # Nearly no ridge: the rank. The zeros of the spectrum are lost in rounding.
    assert abs(effective_dimension(gram, 1e-6).value - 7) < 1e-5


def test_the_enclosure_holds_the_sum_in_more_digits():
    import mpmath

    values = np.array([1e-9, 0.3, 2.0, 1e5])
    spectrum = symmetric_spectrum(np.diag(values))
    with mpmath.workdps(40):
        exact = sum(mpmath.mpf(v) / (mpmath.mpf(v) + mpmath.mpf(0.1)) for v in values)
        found = effective_dimension(spectrum, 0.1)
        assert mpmath.mpf(found.lower) <= exact <= mpmath.mpf(found.upper)
    assert found.upper - found.lower < 1e-8


def test_what_it_refuses():
    with pytest.raises(sf.errors.InvalidInputError, match="positive and finite"):
        effective_dimension(np.eye(2), 0.0)
    with pytest.raises(sf.errors.InvalidInputError, match="positive semi-definite"):
        effective_dimension(-np.eye(2), 1.0)
    with pytest.raises(sf.errors.InvalidInputError, match="must have dtype float64"):
        effective_dimension(np.eye(2, dtype=np.float32), 1.0)
