import math
import subprocess
import sys
import textwrap

import jax.numpy as jnp
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
from surefit.core.rounding import gram_operator_error
from surefit.core.spectrum import Spectrum, dense, symmetric_spectrum
from surefit.errors import InvalidInputError, MemoryLimitError, NumericalError

SPECTRA = {
    "graded": lambda n: 2 ** np.linspace(0, 40, n).astype(np.int64),
    "clustered": lambda n: np.where(np.arange(n) < n // 2, 1, 2**20),
    "close": lambda n: 2**30 + np.arange(n),
    "singular": lambda n: np.maximum(np.arange(n) - n // 3, 0),
    "indefinite": lambda n: np.arange(n) - n // 2,
    "zero": lambda n: np.zeros(n, np.int64),
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


def mp_eigenvalues(matrix):
    with mpmath.workdps(50):
        values = mpmath.eigsy(mpmath.matrix(matrix.tolist()), eigvals_only=True)
        return sorted(values)


@pytest.mark.parametrize("n", [2, 16, 128])
@pytest.mark.parametrize("kind", SPECTRA)
def test_every_eigenvalue_lies_within_a_tight_error(kind, n):
    matrix, true = prescribed(kind, n)
    spectrum = symmetric_spectrum(matrix)
    actual = np.abs(spectrum.eigenvalues - true).max()
    norm = np.abs(true).max()
    assert actual <= spectrum.error
    assert spectrum.error <= 20 * math.sqrt(n) * U * norm + 1e-300
    assert spectrum.smallest.contains(true[0])
    assert spectrum.largest.contains(true[-1])
    assert spectrum.evidence is spectrum.smallest.evidence is Evidence.FLOAT


def test_the_graded_spectrum_is_resolved_at_condition_1e12():
    matrix, true = prescribed("graded", 128)
    low = symmetric_spectrum(matrix).smallest
    assert 0.9 * true[0] < low.lower <= true[0] <= low.upper < 1.1 * true[0]


@given(
    hnp.arrays(np.float64, st.integers(2, 5).map(lambda n: (n, n)), elements=st.floats(-9, 9)),
    st.integers(-300, 300),
)
@settings(max_examples=40, deadline=None)
def test_any_small_matrix_against_50_digits(a, exponent):
    matrix = np.ldexp(a + a.T, exponent)
    spectrum = symmetric_spectrum(matrix)
    for computed, true in zip(spectrum.eigenvalues, mp_eigenvalues(matrix), strict=True):
        assert abs(true - mpmath.mpf(float(computed))) <= spectrum.error
    assert spectrum.error <= 30 * U * np.abs(matrix).sum() + 1e-310


def test_the_bound_holds_for_wrong_factors_too(monkeypatch):
    # Nothing about LAPACK is trusted: disturb what it returns and the enclosure still holds.
    matrix, true = prescribed("indefinite", 16)
    honest = symmetric_spectrum(matrix).error
    eigh, rng = np.linalg.eigh, np.random.default_rng(0)
    for size in (1e-12, 1e-6, 1e-2):

        def disturbed(k, size=size):
            values, vectors = eigh(k)
            return (
                values + size * rng.standard_normal(values.shape),
                vectors + 0.01 * size * rng.standard_normal(vectors.shape),
            )

        with monkeypatch.context() as patch:
            patch.setattr(np.linalg, "eigh", disturbed)
            spectrum = symmetric_spectrum(matrix)
        actual = np.abs(np.sort(spectrum.eigenvalues) - true).max()
        assert actual <= spectrum.error
        assert honest < spectrum.error < 20 * actual


def test_the_theorem_of_the_docstring():
    # |lambda_i - Lambda_i| <= ||KV - V Lambda||_2 / sigma_min(V) for arbitrary V and Lambda.
    rng = np.random.default_rng(0)
    worst = 0.0
    for _ in range(300):
        n = int(rng.integers(1, 6))
        k = rng.standard_normal((n, n))
        k = k + k.T
        v = np.eye(n) + rng.uniform(0, 1) * rng.standard_normal((n, n))
        values = np.sort(rng.standard_normal(n) * 3)
        bound = np.linalg.norm(k @ v - v * values, 2) / np.linalg.svd(v)[1][-1]
        actual = np.abs(np.linalg.eigvalsh(k) - values).max()
        assert actual <= bound * (1 + 1e-10)
        worst = max(worst, actual / bound)
    assert worst > 0.99  # attained for n = 1


def test_lost_orthogonality_is_an_error(monkeypatch):
    monkeypatch.setattr(np.linalg, "eigh", lambda k: (np.diagonal(k).copy(), np.ones_like(k)))
    with pytest.raises(NumericalError, match=r"orthonormal to 0\.5. Got \|\|V\^T V - I\|\| <= "):
        symmetric_spectrum(np.diag([1.0, 2.0, 3.0]))


def test_a_failure_of_lapack_is_an_error(monkeypatch):
    def fail(_):
        raise np.linalg.LinAlgError("Eigenvalues did not converge")

    monkeypatch.setattr(np.linalg, "eigh", fail)
    with pytest.raises(NumericalError, match="LAPACK says: Eigenvalues did not converge"):
        symmetric_spectrum(np.eye(2))


def test_the_error_of_the_matrix_is_added():
    matrix, true = prescribed("close", 16)
    rounded = matrix.astype(np.float32).astype(np.float64)
    error = np.linalg.norm(rounded - matrix, 2)
    spectrum = symmetric_spectrum(rounded, error=float(error))
    assert np.abs(spectrum.eigenvalues - true).max() <= spectrum.error
    assert error <= spectrum.error <= 1.01 * error


def test_a_rank_deficient_gram_matrix_with_its_product_error():
    # Rank 5 of 40: the truth is zero, and the computed matrix misses it by rounding.
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((40, 5))
    spectrum = symmetric_spectrum(factor @ factor.T, gram_operator_error(factor))
    assert spectrum.smallest.contains(0.0)
    assert spectrum.error < 1e-12
    singular = np.linalg.svd(factor)[1]
    assert np.abs(spectrum.eigenvalues[-5:][::-1] - singular**2).max() < spectrum.error


def test_eigenvectors():
    matrix, _ = prescribed("indefinite", 16)
    spectrum = symmetric_spectrum(matrix)
    v = spectrum.eigenvectors
    assert np.allclose(matrix @ v, v * spectrum.eigenvalues, atol=1e-12)
    assert symmetric_spectrum(matrix, eigenvectors=False).eigenvectors is None


def test_one_by_one_is_exact():
    spectrum = symmetric_spectrum(np.array([[0.1]]))
    assert (spectrum.eigenvalues[0], spectrum.error) == (0.1, 0.0)
    assert spectrum.condition.value == 1.0


@pytest.mark.parametrize("scale", [2.0**-1000, 2.0**-400, 2.0**400, 2.0**970])
def test_extreme_sizes(scale):
    matrix, true = prescribed("indefinite", 16)
    spectrum = symmetric_spectrum(matrix * scale)
    assert np.abs(spectrum.eigenvalues - true * scale).max() <= spectrum.error
    assert spectrum.error <= 1e-13 * np.abs(true * scale).max()


def test_condition():
    matrix, true = prescribed("graded", 16)
    condition = symmetric_spectrum(matrix).condition
    assert condition.contains(true[-1] / true[0])
    assert condition.upper < 1.1 * condition.lower
    assert Spectrum(np.array([1.0, 4.0]), 0.5).condition.upper == pytest.approx(9.0)
    assert Spectrum(np.array([1.0, 4.0]), 0.5).condition.lower == pytest.approx(3.5 / 1.5)
    assert Spectrum(np.array([1.0, 4.0]), 2.0).condition.upper == math.inf
    assert Spectrum(np.array([-1.0, 4.0]), 0.1).condition.value == math.inf


def test_asymmetry_of_rounding_size_is_taken_out():
    matrix, true = prescribed("indefinite", 16)
    skew = np.triu(np.full((16, 16), 1e-13), 1)
    spectrum = symmetric_spectrum(matrix + skew - skew.T)
    assert np.abs(spectrum.eigenvalues - true).max() <= spectrum.error < 1e-13


def test_jax_arrays_and_nested_lists_are_taken():
    expected = np.array([1.0, 3.0])
    for matrix in (jnp.array([[2.0, 1.0], [1.0, 2.0]]), [[2.0, 1.0], [1.0, 2.0]]):
        assert np.allclose(symmetric_spectrum(matrix).eigenvalues, expected)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (np.eye(3, dtype=np.float32), "dtype float64. Got float32"),
        (np.eye(3, dtype=np.int64), "dtype float64. Got int64"),
        (np.ones(3), r"Got shape \(3,\)"),
        (np.empty((0, 0)), r"Got shape \(0, 0\)"),
        (np.ones((2, 3)), r"square. Got shape \(2, 3\).*J @ J\.T"),
        (np.array([[1.0, 0.5], [0.25, 1.0]]), r"max \|K - K\^T\| = 0\.25"),
    ],
)
def test_what_is_refused(matrix, message):
    with pytest.raises(InvalidInputError, match=message):
        symmetric_spectrum(matrix)


def test_rows_that_are_not_finite_are_named():
    matrix = np.eye(12)
    matrix[3, 3], matrix[7, 7] = np.nan, np.inf
    with pytest.raises(InvalidInputError, match="2 of 12 rows: 3, 7"):
        symmetric_spectrum(matrix)
    with pytest.raises(InvalidInputError, match=r"12 of 12 rows: 0, 1, 2, 3, 4, 5, 6, 7, \.\.\."):
        symmetric_spectrum(np.full((12, 12), np.nan))


@pytest.mark.parametrize("error", [-1.0, math.nan, math.inf])
def test_an_error_must_be_a_bound(error):
    with pytest.raises(InvalidInputError, match=r"symmetric_spectrum\(error=\.\.\.\)"):
        symmetric_spectrum(np.eye(2), error=error)


def test_memory_is_asked_for_before_anything_is_allocated(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    monkeypatch.setattr(dense, "symmetric_matrix", lambda *_: pytest.fail("too late"))
    with pytest.raises(MemoryLimitError, match=r"spectrum of a 10 x 10 matrix .*5\.5 KiB"):
        symmetric_spectrum(np.eye(10))


def test_a_caller_in_float32_mode_is_served_and_left_alone():
    program = """
        import jax, jax.numpy as jnp, numpy as np
        from surefit.core.spectrum import SymmetricOperator, lanczos_extremes
        from surefit.core.spectrum import symmetric_spectrum, smallest_eigenvalue_cholesky
        from surefit.errors import InvalidInputError
        matrix = np.diag([1e-10, 1.0]) + 1e-11 * np.ones((2, 2))
        for low in (symmetric_spectrum(matrix).smallest, smallest_eigenvalue_cholesky(matrix)):
            assert 1.09e-10 < low.lower < low.upper < 1.11e-10, low
        assert jnp.ones(1).dtype == np.float32 and not jax.config.jax_enable_x64
        try:
            symmetric_spectrum(jnp.asarray(matrix))
        except InvalidInputError as refusal:
            assert "Got float32" in str(refusal)
        else:
            raise AssertionError("float32 was accepted")
        values = np.logspace(-10, 0, 12)
        product = jax.jit(lambda v: jnp.asarray(values) * v)
        found = lanczos_extremes(SymmetricOperator(product, 12)).smallest
        assert found.contains(1e-10) and found.error < 1e-14, found
        assert jnp.ones(1).dtype == np.float32 and not jax.config.jax_enable_x64
    """
    subprocess.run([sys.executable, "-W", "error", "-c", textwrap.dedent(program)], check=True)
