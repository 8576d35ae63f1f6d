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
from surefit.core.spectrum import matrix_norm, power_norm
from surefit.errors import InvalidInputError, MemoryLimitError


def prescribed(rows, columns, singular_values):
    """A matrix that float64 holds exactly, with these singular values times sqrt(rows columns)."""
    middle = np.zeros((rows, columns))
    middle[np.arange(len(singular_values)), np.arange(len(singular_values))] = singular_values
    return scipy.linalg.hadamard(rows) @ middle @ scipy.linalg.hadamard(columns)


@pytest.mark.parametrize("shape", [(1, 1), (4, 64), (64, 4), (32, 32)])
def test_the_norm_of_an_explicit_matrix(shape):
    matrix = prescribed(*shape, np.arange(1.0, min(shape) + 1))
    true = min(shape) * np.sqrt(shape[0] * shape[1])
    norm = matrix_norm(matrix)
    assert norm.evidence is Evidence.FLOAT
    assert (1 - 1e-12) * true < norm.lower <= true <= norm.upper < (1 + 1e-12) * true


@given(
    hnp.arrays(
        np.float64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.floats(-9, 9)
    ),
    st.integers(-300, 300),
)
@settings(max_examples=40, deadline=None)
def test_any_small_matrix_against_50_digits(a, exponent):
    matrix = np.ldexp(a, exponent)
    norm = matrix_norm(matrix)
    with mpmath.workdps(50):
        exact = mpmath.matrix(matrix.tolist())
        true = mpmath.sqrt(max(0, *mpmath.eigsy(exact * exact.T, eigvals_only=True), 0))
        assert mpmath.mpf(norm.lower) <= true * (1 + mpmath.mpf(10) ** -45)
        assert true * (1 - mpmath.mpf(10) ** -45) <= mpmath.mpf(norm.upper)
    assert norm.upper - norm.lower <= 1e-13 * norm.upper + 1e-150


def test_the_norm_of_zero():
    assert matrix_norm(np.zeros((3, 5))).upper < 1e-150
    assert matrix_norm(np.zeros((3, 5))).lower == 0.0


def test_jax_arrays_are_taken():
    assert matrix_norm(jnp.asarray([[3.0, 4.0]])).contains(5.0)


@pytest.mark.parametrize("shape", [(8, 256), (256, 8), (64, 64)])
def test_the_norm_of_an_operator(shape):
    singular_values = np.linspace(0.1, 1.0, min(shape))
    matrix = prescribed(*shape, singular_values)
    true = np.sqrt(shape[0] * shape[1])
    norm = power_norm(lambda v: matrix @ v, lambda u: matrix.T @ u, shape)
    assert norm.evidence is Evidence.SAMPLED
    assert norm.failure_probability == 1e-6
    assert (1 - 1e-5) * true < norm.lower <= true <= norm.upper < (1 + 1e-5) * true


def test_the_lower_end_is_certain_however_few_the_steps():
    matrix = prescribed(64, 64, np.linspace(0.1, 1.0, 64))
    norm = power_norm(lambda v: matrix @ v, lambda u: matrix.T @ u, (64, 64), max_iterations=2)
    assert 0 < norm.lower < 0.999 * 64.0 < 64.0 <= norm.upper


def test_the_error_of_the_products_is_included():
    matrix = prescribed(16, 16, np.linspace(0.1, 1.0, 16))
    rough = np.float64(np.float32(matrix * 1.00001))
    error = float(np.linalg.norm(rough - matrix, 2))
    norm = power_norm(lambda v: rough @ v, lambda u: rough.T @ u, (16, 16), error=error)
    assert norm.lower <= 16.0 <= norm.upper
    assert norm.value > 16.0
    assert norm.upper - norm.lower < 4 * error


def test_a_wrong_transpose_is_seen():
    matrix = np.random.default_rng(0).standard_normal((9, 9))
    with pytest.raises(InvalidInputError, match=r"with J\^T the transpose of the same J"):
        power_norm(lambda v: matrix @ v, lambda u: matrix @ u, (9, 9))


def test_what_is_refused(monkeypatch):
    with pytest.raises(InvalidInputError, match=r"dtype float64\. Got float32"):
        matrix_norm(np.ones((2, 2), np.float32))
    with pytest.raises(InvalidInputError, match="1 of 2 rows: 1"):
        matrix_norm(np.array([[1.0, 2.0], [np.inf, 1.0]]))
    with pytest.raises(InvalidInputError, match=r"power_norm\(error=\.\.\.\)"):
        power_norm(lambda v: v, lambda v: v, (2, 2), error=-1.0)
    monkeypatch.setattr(memory, "available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match=r"norm of a 10 x 20 matrix .*power_norm"):
        matrix_norm(np.ones((20, 10)))
