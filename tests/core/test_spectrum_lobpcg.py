import numpy as np
import pytest

from surefit.core.check import Evidence
from surefit.core.spectrum import SymmetricOperator, lobpcg_smallest
from surefit.errors import InvalidInputError, NumericalError


def similar(eigenvalues, seed=0):
    rng = np.random.default_rng(seed)
    q = np.linalg.qr(rng.standard_normal((len(eigenvalues),) * 2))[0]
    matrix = (q * np.asarray(eigenvalues)) @ q.T
    return (matrix + matrix.T) / 2


TRIPLE = np.r_[np.full(3, 0.1), np.linspace(0.3, 1, 57)]


def test_a_triple_eigenvalue_is_found_three_times():
    found = lobpcg_smallest(SymmetricOperator.from_matrix(similar(TRIPLE)), 4)
    assert found.converged
    assert found.residual <= 1e-6 * 0.3
    assert np.allclose(found.values, TRIPLE[:4], atol=1e-9)
    for enclosure, true in zip(found.enclosures, TRIPLE, strict=False):
        assert enclosure.contains(true)
        assert enclosure.error < 1e-6
        assert enclosure.upper - enclosure.value < 1e-12
        assert (enclosure.evidence, enclosure.failure_probability) == (Evidence.SAMPLED, None)


def test_vectors_are_orthonormal_ritz_vectors():
    matrix = similar(TRIPLE)
    found = lobpcg_smallest(SymmetricOperator.from_matrix(matrix), 3)
    v = found.vectors
    assert np.allclose(v.T @ v, np.eye(3), atol=1e-13)
    residual = np.linalg.norm(matrix @ v - v * found.values)
    assert residual <= found.residual <= 1.01 * residual + 1e-12


def test_an_unfinished_run_is_wide_and_still_bounds_from_above():
    # Cauchy interlacing holds for any block: the i-th Ritz value is above the i-th eigenvalue.
    true = np.logspace(-8, 0, 60)
    found = lobpcg_smallest(SymmetricOperator.from_matrix(similar(true)), 3, max_iterations=3)
    assert not found.converged
    assert found.iterations == 3
    spectrum = np.linalg.eigvalsh(similar(true))
    for i, enclosure in enumerate(found.enclosures):
        assert true[i] <= enclosure.upper
        assert enclosure.error >= found.residual
    # Some three eigenvalues lie within the residual, in order: Kahan's theorem.
    shifted = [np.abs(spectrum - value).min() for value in found.values]
    assert max(shifted) <= found.residual


def test_a_preconditioner_reaches_what_plain_iteration_does_not():
    true = np.logspace(-6, 0, 60)
    matrix = similar(true)
    inverse = np.linalg.inv(matrix + 1e-6 * np.eye(60))
    op = SymmetricOperator.from_matrix(matrix)
    plain = lobpcg_smallest(op, 2, max_iterations=40)
    helped = lobpcg_smallest(op, 2, max_iterations=40, preconditioner=lambda v: inverse @ v)
    assert helped.residual < 1e-3 * plain.residual
    assert helped.converged
    assert not plain.converged
    assert helped.enclosures[0].contains(1e-6)


def test_a_singular_matrix_and_the_zero_matrix():
    true = np.r_[np.zeros(2), np.linspace(0.5, 1, 28)]
    found = lobpcg_smallest(SymmetricOperator.from_matrix(similar(true)), 3)
    assert found.enclosures[0].contains(0.0)
    assert found.enclosures[1].contains(0.0)
    zero = lobpcg_smallest(SymmetricOperator(lambda v: 0 * v, 10), 2)
    assert zero.enclosures[1].contains(0.0)
    assert zero.residual < 1e-300


@pytest.mark.parametrize(
    ("count", "arguments", "message"),
    [
        (0, {}, "between 1 and a fifth of the size. Got 0 for size 20"),
        (5, {}, r"Got 5 for size 20.*symmetric_spectrum\(op\.as_matrix\(\)\)"),
        (2, {"tolerance": 1.0}, "between 0 and 1. Got 1.0"),
        (2, {"max_iterations": 0}, "at least 1. Got 0"),
    ],
)
def test_what_is_refused(count, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        lobpcg_smallest(SymmetricOperator(lambda v: v, 20), count, **arguments)


def test_products_that_are_not_finite():
    with pytest.raises(NumericalError, match="largest entry of nan"):
        lobpcg_smallest(SymmetricOperator(lambda v: np.full(20, np.nan), 20), 2)
