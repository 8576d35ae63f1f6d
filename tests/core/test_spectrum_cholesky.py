import math

import mpmath
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surefit.core import memory
from surefit.core.check import Evidence
from surefit.core.rounding import UNIT_ROUNDOFF as U
from surefit.core.spectrum import cholesky, smallest_eigenvalue_cholesky
from surefit.errors import InvalidInputError, MemoryLimitError, NumericalError

SPECTRA = {
    "graded": lambda n: 2 ** np.linspace(0, 40, n).astype(np.int64),
    "mild": lambda n: 2**20 + np.arange(n) * 2**18,
    "clustered": lambda n: np.where(np.arange(n) < n // 2, 1, 2**20),
    "singular": lambda n: np.maximum(np.arange(n) - n // 3, 0),
    "indefinite": lambda n: np.arange(n) - n // 2,
    "negative": lambda n: -1 - np.arange(n),
}


def prescribed(kind, n, seed=0):
    """A dense matrix that float64 holds exactly, with these eigenvalues exactly."""
    rng = np.random.default_rng(seed)
    eigenvalues = np.sort(SPECTRA[kind](n).astype(np.int64))
    h = scipy.linalg.hadamard(n).astype(np.int64) * rng.choice([-1, 1], n)[:, None]
    h = h[rng.permutation(n)]
    integers = (h * eigenvalues[None, :]) @ h.T  # H H^T = n I
    assert np.abs(integers).max() < 2**53
    return integers.astype(float) / n, eigenvalues.astype(float)


@pytest.mark.parametrize("n", [2, 16, 128])
@pytest.mark.parametrize("kind", SPECTRA)
def test_the_enclosure_is_valid_and_tight(kind, n):
    matrix, true = prescribed(kind, n)
    found = smallest_eigenvalue_cholesky(matrix)
    norm = np.abs(matrix).sum(axis=1).max()
    assert found.lower <= true[0] <= found.upper
    assert found.upper - found.lower <= max(1e-9 * abs(true[0]), 20 * math.sqrt(n) * U * norm)
    assert found.evidence is Evidence.FLOAT


def test_a_positive_lower_end_at_condition_1e12():
    matrix, true = prescribed("graded", 128)
    found = smallest_eigenvalue_cholesky(matrix)
    assert 0.9 * true[0] < found.lower <= true[0] <= found.upper < 1.1 * true[0]


@pytest.mark.parametrize("tolerance", [0.3, 1e-3, 1e-6])
def test_the_tolerance_is_kept_by_the_cheap_bound(tolerance, monkeypatch):
    # Away from rounding the residual needs no more than one ordinary product; the accurate one
    # then serves the upper end alone, with one column.
    matrix, true = prescribed("mild", 64)
    accurate = cholesky.product_residual_bound

    def spy(c, a, b):
        assert b.shape[1] == 1
        return accurate(c, a, b)

    monkeypatch.setattr(cholesky, "product_residual_bound", spy)
    found = smallest_eigenvalue_cholesky(matrix, tolerance=tolerance)
    assert found.contains(true[0])
    assert found.upper - found.lower <= tolerance * true[0]


@given(
    hnp.arrays(np.float64, st.integers(2, 5).map(lambda n: (n, n)), elements=st.floats(-9, 9)),
    st.integers(-300, 300),
    st.booleans(),
)
@settings(max_examples=40, deadline=None)
def test_any_small_matrix_against_50_digits(a, exponent, gram):
    matrix = np.ldexp(a @ a.T if gram else a + a.T, exponent)
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    found = smallest_eigenvalue_cholesky(matrix)
    with mpmath.workdps(50):
        true = min(mpmath.eigsy(mpmath.matrix(matrix.tolist()), eigvals_only=True))
    assert mpmath.mpf(found.lower) <= true <= mpmath.mpf(found.upper)
    width = found.upper - found.lower
    assert width <= 1e-9 * abs(found.value) + 60 * U * np.abs(matrix).sum() + 1e-310


def test_the_bound_of_the_docstring_for_any_triangle():
    # lambda_min(K) >= t - ||K - tI - LL^T||_F whatever L is.
    rng = np.random.default_rng(0)
    best = -math.inf
    for _ in range(300):
        n = int(rng.integers(1, 6))
        k = rng.standard_normal((n, n))
        k = k @ k.T
        t = rng.standard_normal()
        factor = np.tril(rng.standard_normal((n, n)))
        gap = np.linalg.eigvalsh(k)[0] - t + np.linalg.norm(k - t * np.eye(n) - factor @ factor.T)
        assert gap >= -1e-12
        best = max(best, -gap)
    assert best > -1.0


def test_a_wrong_factor_widens_the_enclosure_and_stays_true(monkeypatch):
    matrix, true = prescribed("mild", 16)
    honest = smallest_eigenvalue_cholesky(matrix)
    factorise, rng = scipy.linalg.cholesky, np.random.default_rng(0)

    def disturbed(a, **kwargs):
        factor = factorise(a, **kwargs)
        return factor + np.tril(1e-3 * rng.standard_normal(factor.shape))

    monkeypatch.setattr(scipy.linalg, "cholesky", disturbed)
    found = smallest_eigenvalue_cholesky(matrix)
    assert found.contains(true[0])
    assert found.lower < honest.lower


def test_no_factorisation_at_all_is_an_error(monkeypatch):
    def fail(*_, **__):
        raise scipy.linalg.LinAlgError("not positive definite")

    monkeypatch.setattr(scipy.linalg, "cholesky", fail)
    with pytest.raises(
        NumericalError, match=r"must exist below the spectrum\. None was found at -"
    ):
        smallest_eigenvalue_cholesky(np.eye(3))


def test_ordinary_matrices_need_two_factorisations(monkeypatch):
    count = []
    factorise = cholesky._factorise
    monkeypatch.setattr(cholesky, "_factorise", lambda *a: count.append(1) or factorise(*a))
    smallest_eigenvalue_cholesky(prescribed("mild", 64)[0])
    assert len(count) == 2


def test_a_rank_deficient_gram_matrix_of_integers():
    # Exactly singular: 12 rows of rank 4, small integers, so that the product is exact.
    factor = np.random.default_rng(0).integers(-3, 4, (12, 4)).astype(float)
    found = smallest_eigenvalue_cholesky(factor @ factor.T)
    assert found.lower <= 0.0 <= found.upper
    assert found.error < 1e-12


def test_the_error_of_the_matrix_widens_both_ends():
    matrix, _ = prescribed("mild", 16)
    plain, wide = (smallest_eigenvalue_cholesky(matrix, error=e) for e in (0.0, 8.0))
    assert wide.lower == pytest.approx(plain.lower - 8.0, abs=1e-6)
    assert wide.upper == pytest.approx(plain.upper + 8.0, abs=1e-6)


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-400, 2.0**400, 2.0**980])
def test_extreme_sizes(scale):
    matrix, true = prescribed("clustered", 16)
    found = smallest_eigenvalue_cholesky(matrix * scale)
    assert found.contains(true[0] * scale)
    assert found.error < 1e-6 * true[0] * scale


def test_tiny_and_trivial_matrices():
    assert smallest_eigenvalue_cholesky(np.array([[-0.3]])).error == 0.0
    zero = smallest_eigenvalue_cholesky(np.zeros((3, 3)))
    assert zero.contains(0.0)
    assert zero.error < 1e-300
    assert smallest_eigenvalue_cholesky(np.eye(3)).contains(1.0)


def test_asymmetry_of_rounding_size_is_taken_out():
    matrix, true = prescribed("indefinite", 16)
    skew = np.triu(np.full((16, 16), 1e-13), 1)
    found = smallest_eigenvalue_cholesky(matrix + skew - skew.T)
    assert found.contains(true[0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"matrix": np.eye(2, dtype=np.float32)}, "dtype float64. Got float32"),
        ({"matrix": np.triu(np.ones((2, 2)))}, r"symmetric. Got max \|K - K\^T\| = 1"),
        ({"matrix": np.diag([1.0, np.nan])}, "1 of 2 rows: 1"),
        ({"matrix": np.eye(2), "error": -1.0}, ">= 0. Got -1.0"),
        ({"matrix": np.eye(2), "tolerance": 0.0}, "between 0 and 1. Got 0.0"),
    ],
)
def test_what_is_refused(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        smallest_eigenvalue_cholesky(**arguments)


def test_memory_is_asked_for_first(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match="Cholesky bound of a 10 x 10 matrix"):
        smallest_eigenvalue_cholesky(np.eye(10))
