import math

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest
import scipy.linalg
import scipy.stats

from surefit.core import memory
from surefit.core.check import Evidence
from surefit.core.spectrum import (
    SymmetricOperator,
    kuczynski_wozniakowski,
    lanczos_extremes,
)
from surefit.core.spectrum.random_start import hidden_weight, overlap_quantile, slack_below
from surefit.core.spectrum.recurrence import LanczosRecurrence
from surefit.errors import InvalidInputError, MemoryLimitError, NumericalError

SPECTRA = {
    "graded": lambda n: 2 ** np.linspace(0, 40, n).astype(np.int64),
    "clustered": lambda n: np.where(np.arange(n) < n // 2, 1, 2**20),
    "even": lambda n: 1 + np.arange(n),
    "singular": lambda n: np.maximum(np.arange(n) - n // 3, 0),
    "indefinite": lambda n: np.arange(n) - n // 2,
    "constant": lambda n: np.full(n, 7),
    "zero": lambda n: np.zeros(n, np.int64),
}


def prescribed(kind, n, seed=0):
    """A dense matrix that float64 holds exactly, with these eigenvalues exactly."""
    rng = np.random.default_rng(seed)
    eigenvalues = np.sort(SPECTRA[kind](n).astype(np.int64))
    h = scipy.linalg.hadamard(n).astype(np.int64) * rng.choice([-1, 1], n)[:, None]
    h = h[rng.permutation(n)]
    integers = (h * eigenvalues[None, :]) @ h.T  # H H^T = n I
    return integers.astype(float) / n, eigenvalues.astype(float)


def diagonal(values):
    values = np.asarray(values, dtype=float)
    return SymmetricOperator(lambda v: values * v, len(values))


def start(seed, n):
    vector = np.random.default_rng(seed).standard_normal(n)
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("n", [1, 2, 16, 128])
@pytest.mark.parametrize("kind", SPECTRA)
def test_both_ends_are_enclosed(kind, n):
    matrix, true = prescribed(kind, n)
    found = lanczos_extremes(SymmetricOperator.from_matrix(matrix))
    norm = np.abs(true).max()
    # Where few distinct eigenvalues exhaust the space early, a further one can hide in a component
    # of the start that rounding covers: about 4 u over the overlap of probability 5e-7.
    hideout = 1e-7 if len(set(true)) < 3 <= n else 1e-10
    assert found.smallest.contains(true[0])
    assert found.largest.contains(true[-1])
    for end, residual in zip((found.smallest, found.largest), found.residuals, strict=True):
        assert np.abs(true - end.value).min() <= residual
        assert end.error <= 1e-6 * abs(end.value) + hideout * norm + 1e-300
        assert (end.evidence, end.failure_probability) == (Evidence.SAMPLED, 1e-6)
    # The certain ends are those of a Rayleigh quotient: they lose no more than rounding.
    assert found.smallest.upper - found.smallest.value <= 1e-10 * norm + 1e-300
    assert found.largest.value - found.largest.lower <= 1e-10 * norm + 1e-300


def test_vectors_are_those_of_the_ends():
    matrix, true = prescribed("even", 16)
    found = lanczos_extremes(SymmetricOperator.from_matrix(matrix))
    for vector, value in zip(found.vectors, (true[0], true[-1]), strict=True):
        assert np.isclose(np.linalg.norm(vector), 1.0)
        assert np.allclose(matrix @ vector, value * vector, atol=1e-5)


def test_a_small_residual_does_not_make_an_eigenvalue_extreme():
    # The start is made orthogonal to the lowest eigenvector: an event that random starts avoid.
    # The residual is then tiny at the wrong eigenvalue, exactly as the docstring says.
    n = 200
    q = start(0, n)
    hidden = np.zeros(n)
    hidden[5], hidden[6] = q[6], -q[5]
    hidden /= np.linalg.norm(hidden)
    keep = np.eye(n) - np.outer(hidden, hidden)
    matrix = keep @ np.diag(np.r_[1.0, np.linspace(8, 9, n - 1)]) @ keep
    matrix -= 5.0 * np.outer(hidden, hidden)
    op = SymmetricOperator.from_matrix((matrix + matrix.T) / 2)
    true = np.linalg.eigvalsh(matrix)
    assert true[:2] == pytest.approx([-5.0, 1.0])
    found = lanczos_extremes(op, seed=0, max_iterations=6)
    assert found.residuals[0] < 1e-3
    assert np.abs(true - found.smallest.value).min() <= found.residuals[0]
    assert found.smallest.value == pytest.approx(1.0, abs=1e-3)
    assert not lanczos_extremes(
        op, seed=0, max_iterations=6, failure_probability=0.1
    ).smallest.contains(-5.0)
    assert lanczos_extremes(op, seed=1).smallest.contains(true[0])  # another start finds it


def test_the_failure_probability_holds_and_is_not_idle():
    # One outlier and few steps, where a start with little of it misses it.
    op = diagonal(np.r_[-1.0, np.linspace(0, 1, 63)])
    runs, delta = 150, 0.4
    missed = 0
    for seed in range(runs):
        found = lanczos_extremes(
            op, seed=seed, max_iterations=3, tolerance=1e-9, failure_probability=delta
        )
        assert found.smallest.value >= -1.0 - 1e-12
        missed += found.smallest.lower > -1.0
    allowed = delta / 2  # for one end
    assert missed / runs <= allowed + 4 * math.sqrt(allowed * (1 - allowed) / runs)
    assert missed / runs >= allowed / 4


def lanczos_run(values, steps, seed=0):
    run = LanczosRecurrence(diagonal(values), steps, seed)
    for _ in range(steps):
        run.step()
    return run, np.array(run.alpha), np.array(run.beta)


def polynomials(alpha, beta, x):
    """The orthonormal Lanczos polynomials at x by their recurrence, in 40 digits."""
    with mpmath.workdps(40):
        p = [mpmath.mpf(0), mpmath.mpf(1)]
        for j, (a, b) in enumerate(zip(alpha.tolist(), beta.tolist(), strict=True)):
            previous = mpmath.mpf(float(beta[j - 1])) if j else 0
            p.append(((mpmath.mpf(x) - a) * p[-1] - previous * p[-2]) / b)
        return p[1:]


def test_lanczos_vectors_see_an_eigenvector_through_the_polynomials():
    # z.q_{j+1} = p_j(lambda) z.q_1, the identity behind the probability bound.
    values = np.linspace(-1, 2, 25)
    run, alpha, beta = lanczos_run(values, 8)
    for index in (0, 7, 24):
        p = polynomials(alpha, beta, float(values[index]))
        overlaps = run.basis[:9, index]  # the eigenvectors of a diagonal operator
        assert np.allclose(overlaps, np.array(p, dtype=float) * overlaps[0], atol=1e-9)


@pytest.mark.parametrize("gap", [1e-3, 0.1, 1.0, 100.0])
def test_the_hidden_weight_is_the_christoffel_function(gap):
    _, alpha, beta = lanczos_run(np.linspace(-1, 2, 25), 8)
    lowest = scipy.linalg.eigvalsh_tridiagonal(alpha, beta[:-1])[0]
    exact = 1 / sum(p**2 for p in polynomials(alpha, beta, float(lowest - gap)))
    assert math.isclose(hidden_weight(alpha, beta, lowest - gap), float(exact), rel_tol=1e-8)


def test_the_hidden_weight_bounds_the_overlap_and_is_nearly_attained():
    ratios = []
    values = np.r_[-1.0, np.linspace(0, 1, 40)]
    for seed in range(60):
        run, alpha, beta = lanczos_run(values, 4, seed)
        ratios.append(run.basis[0, 0] ** 2 / hidden_weight(alpha, beta, -1.0 - 1e-14))
    assert max(ratios) <= 1 + 1e-9
    assert max(ratios) > 0.9


def test_nothing_is_said_above_the_smallest_ritz_value():
    alpha, beta = np.array([1.0, 2.0]), np.array([0.5, 0.5])
    assert hidden_weight(alpha, beta, 1.5) == 1.0
    assert hidden_weight(alpha[:1], beta[:1], 1.0) == 1.0
    assert hidden_weight(alpha[:1], beta[:1], 0.5) == pytest.approx(0.5)  # p_1 = -0.5 / 0.5


@pytest.mark.parametrize("quantile", [1e-3, 1e-6, 1e-14])
def test_the_slack_is_where_the_weight_reaches_the_quantile(quantile):
    _, alpha, beta = lanczos_run(np.linspace(-1, 2, 25), 8)
    lowest = float(scipy.linalg.eigvalsh_tridiagonal(alpha, beta[:-1])[0])
    slack = slack_below(alpha, beta, lowest, quantile)
    assert hidden_weight(alpha, beta, lowest - slack) <= quantile
    assert hidden_weight(alpha, beta, lowest - 0.95 * slack) > quantile
    assert slack_below(alpha, np.r_[beta[:-1], 0.0], lowest, quantile) == 0.0


def test_the_overlap_quantile():
    # In three dimensions one coordinate of a random unit vector is uniform on [-1, 1].
    assert overlap_quantile(3, 0.3) == pytest.approx(0.09)
    assert overlap_quantile(1, 0.3) == 1.0
    n, probability, draws = 40, 0.2, 20_000
    vectors = np.random.default_rng(0).standard_normal((draws, n))
    overlaps = vectors[:, 0] ** 2 / np.sum(vectors**2, axis=1)
    share = np.mean(overlaps <= overlap_quantile(n, probability))
    assert abs(share - probability) <= 4 * math.sqrt(probability * (1 - probability) / draws)


@pytest.mark.parametrize("n", [2, 3, 10, 1000, 10**6])
@pytest.mark.parametrize("steps", [1, 2, 10, 100])
def test_kuczynski_and_wozniakowski_against_the_proof_in_the_docstring(n, steps):
    # |c_1| < 1 / cosh w with w = (2k-1) artanh sqrt(eps), and the exact law of c_1.
    for error in (1e-4, 1e-2, 0.1, 0.5, 0.9):
        w = (2 * steps - 1) * math.atanh(math.sqrt(error))
        exact = scipy.stats.beta.cdf(1 / math.cosh(min(w, 300)) ** 2, 0.5, (n - 1) / 2)
        bound = kuczynski_wozniakowski(n, steps, error)
        formula = 1.648 * math.sqrt(n) * math.exp(-math.sqrt(error) * (2 * steps - 1))
        assert exact <= bound == pytest.approx(min(1.0, formula))


def test_kuczynski_and_wozniakowski_is_close_to_the_proof_for_small_errors():
    n, steps, error = 1000, 500, 1e-3
    w = (2 * steps - 1) * math.atanh(math.sqrt(error))
    exact = scipy.stats.beta.cdf(1 / math.cosh(w) ** 2, 0.5, (n - 1) / 2)
    assert exact <= kuczynski_wozniakowski(n, steps, error) <= 1.1 * exact


def test_kuczynski_and_wozniakowski_by_experiment():
    # A spectrum at Chebyshev points, hard for Krylov methods, and an isolated top.
    n, steps, runs = 30, 4, 600
    values = np.r_[0.45 - 0.45 * np.cos(np.pi * (np.arange(n - 1) + 0.5) / (n - 1)), 1.0]
    tops = []
    for seed in range(runs):
        _, alpha, beta = lanczos_run(values, steps, seed)
        tops.append(scipy.linalg.eigvalsh_tridiagonal(alpha, beta[:-1])[-1])
    errors = (1.0 - np.array(tops)) / (1.0 - values[0])
    for relative in (0.05, 0.1, 0.2):
        bound = kuczynski_wozniakowski(n, steps, relative)
        assert np.mean(errors > relative) <= bound + 4 * math.sqrt(0.25 / runs)
    assert np.mean(errors > 0.05) > 0.01


def test_the_a_priori_probability_is_that_bound_for_both_ends():
    op = diagonal(np.linspace(0, 1, 400))
    found = lanczos_extremes(op, max_iterations=60, tolerance=1e-12)
    spread = found.largest.upper - found.smallest.lower
    gaps = (found.smallest.error, found.largest.error)
    expected = sum(kuczynski_wozniakowski(400, 60, gap / spread) for gap in gaps)
    assert found.a_priori_probability == pytest.approx(min(1.0, expected), rel=1e-6)
    assert not found.converged
    assert found.steps == 60


def test_a_capped_run_is_wide_and_true():
    matrix, true = prescribed("graded", 128)
    found = lanczos_extremes(SymmetricOperator.from_matrix(matrix), max_iterations=10)
    assert not found.converged
    assert found.smallest.contains(true[0])
    assert found.smallest.error > 0.1 * true[-1] / 100


def test_one_end_is_cheaper_than_two():
    op = diagonal(np.logspace(-4, 0, 300))
    both, one = lanczos_extremes(op), lanczos_extremes(op, ends="largest")
    assert one.converged
    assert one.steps < both.steps
    assert one.largest.contains(1.0)
    assert one.smallest.contains(1e-4)


def test_more_certainty_is_wider():
    op = diagonal(np.linspace(0, 1, 200))
    likely, sure = (
        lanczos_extremes(op, max_iterations=20, failure_probability=p) for p in (1e-1, 1e-9)
    )
    assert sure.smallest.lower < likely.smallest.lower
    assert likely.smallest.value == sure.smallest.value


def test_the_error_of_the_operator_widens_everything():
    values = np.linspace(1, 2, 20)
    plain = lanczos_extremes(diagonal(values))
    noisy = lanczos_extremes(SymmetricOperator(lambda v: values * v, 20, error=1e-2))
    assert noisy.smallest.lower < plain.smallest.lower - 1e-2
    assert noisy.largest.lower < plain.largest.lower - 0.9e-2
    assert noisy.residuals[0] > 1e-2


def test_a_jax_product_and_as_matrix():
    factor = jnp.asarray(np.random.default_rng(0).standard_normal((12, 30)))
    op = SymmetricOperator(jax.jit(lambda v: factor @ (factor.T @ v)), 12)
    true = np.linalg.eigvalsh(factor @ factor.T)
    found = lanczos_extremes(op)
    assert np.isclose(found.smallest.value, true[0])
    assert np.isclose(found.largest.value, true[-1])
    assert np.allclose(op.as_matrix(), factor @ factor.T)


def test_the_error_of_an_explicit_matrix_bounds_its_products():
    matrix, _ = prescribed("graded", 16)
    op = SymmetricOperator.from_matrix(matrix)
    vector = start(0, 16)
    with mpmath.workdps(50):
        exact = mpmath.matrix(matrix.tolist()) * mpmath.matrix(vector.tolist())
        lost = mpmath.norm(exact - mpmath.matrix(op(vector).tolist()))
    assert 0 < lost <= op.error < 1e-13 * np.abs(matrix).max()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tolerance": 0.0}, "between 0 and 1. Got 0.0"),
        ({"max_iterations": 0}, "at least 1. Got 0"),
        ({"failure_probability": 0.0}, "strictly between 0 and 1. Got 0.0"),
    ],
)
def test_arguments_out_of_range(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        lanczos_extremes(diagonal([1.0, 2.0]), **arguments)


def test_operators_that_are_refused():
    with pytest.raises(InvalidInputError, match=r"size=\.\.\.\)` must be at least 1. Got 0"):
        SymmetricOperator(lambda v: v, 0)
    with pytest.raises(InvalidInputError, match=r"error=\.\.\.\)` must be a finite number"):
        SymmetricOperator(lambda v: v, 2, error=-1.0)
    with pytest.raises(InvalidInputError, match=r"length 3 .* Got dtype float32"):
        lanczos_extremes(SymmetricOperator(lambda v: v.astype(np.float32), 3))
    with pytest.raises(InvalidInputError, match=r"Got dtype float64 and shape \(2,\)"):
        lanczos_extremes(SymmetricOperator(lambda v: v[:2], 3))
    with pytest.raises(NumericalError, match="Got a largest entry of nan for a unit"):
        lanczos_extremes(SymmetricOperator(lambda v: np.r_[v[:2], np.nan], 3))


@pytest.mark.parametrize(
    ("scale", "message"),
    [(1e200, r"largest entry of \d\.\d+e\+200"), (1e-200, "square of which under")],
)
def test_operators_of_a_size_that_cannot_be_squared(scale, message):
    with pytest.raises(NumericalError, match=message):
        lanczos_extremes(diagonal(scale * np.arange(1, 9)))


def test_asymmetry_is_seen_by_the_recurrence():
    matrix = np.diag(np.arange(1.0, 9.0))
    matrix[0, 5] = 0.3
    with pytest.raises(InvalidInputError, match=r"symmetric operator. Got \|x.Ay - y.Ax\| = 0.*"):
        lanczos_extremes(SymmetricOperator(lambda v: matrix @ v, 8))


def test_the_basis_must_fit_into_memory(monkeypatch):
    monkeypatch.setattr(memory, "available_bytes", lambda: 10_000)
    with pytest.raises(MemoryLimitError, match="Krylov basis of 100 vectors of length 100"):
        lanczos_extremes(diagonal(np.arange(100)))
    with pytest.raises(MemoryLimitError, match="A 100 x 100 matrix"):
        diagonal(np.arange(100)).as_matrix()
