import json

import mpmath
import numpy as np
import pytest

from surefit.core.check import Check
from surefit.core.jsonable import dumps
from surefit.data import diagnose, load, prepare
from surefit.errors import InvalidInputError

RNG = np.random.default_rng(0)
X = RNG.standard_normal((20, 5))
Y = np.arange(20) % 2
NAMES = [
    "contradicting_labels",
    "duplicate_rows",
    "parallel_rows",
    "antiparallel_rows",
    "separation",
    "unit_norm",
]


def verdicts(x, y=None, **options):
    checks, _ = diagnose(x, Y[: len(x)] if y is None else y, **options)
    return {check.name: check for check in checks}


def unit(x):
    return x / np.linalg.norm(x, axis=1)[:, None]


def test_good_data_passes_every_check():
    checks, facts = diagnose(unit(X), Y)
    assert [check.name for check in checks] == NAMES
    assert all(check.holds for check in checks)
    assert facts["classes"] == "0: 10, 1: 10"


def test_facts_against_their_definitions():
    x = X * 3.0
    _, facts = diagnose(x, Y)
    pairs = [(i, j) for i in range(20) for j in range(i + 1, 20)]
    distances = {p: np.linalg.norm(x[p[0]] - x[p[1]]) for p in pairs}
    i, j = min(distances, key=distances.get)
    assert facts["delta"] == pytest.approx(distances[i, j], rel=1e-14)
    assert facts["closest_pair"] == f"rows {i} and {j}"
    cosines = {p: abs(unit(x)[p[0]] @ unit(x)[p[1]]) for p in pairs}
    i, j = max(cosines, key=cosines.get)
    assert facts["coherence"] == pytest.approx(cosines[i, j], abs=1e-14)
    assert facts["coherent_pair"] == f"rows {i} and {j}"
    assert facts["orthogonality"] == pytest.approx(19 * cosines[i, j], rel=1e-13)
    assert facts["sigma_max"] == pytest.approx(np.linalg.norm(x, 2), rel=1e-13)
    norms = np.linalg.norm(x, axis=1)
    assert (facts["min_norm"], facts["max_norm"]) == pytest.approx((norms.min(), norms.max()))
    assert (facts["samples"], facts["inputs"]) == (20, 5)


def test_orthogonality_below_one_means_a_definite_gram_matrix():
    data = load("nearly_orthogonal", n=6, d=3000, clusters=6, spread=0.0)
    x = unit(data.x)
    _, facts = diagnose(x, data.y)
    assert facts["orthogonality"] < 1
    assert np.linalg.eigvalsh(x @ x.T)[0] >= 1 - facts["orthogonality"] > 0


@pytest.mark.parametrize("shape", [(40, 600), (600, 40), (530, 510)])
def test_the_largest_singular_value_of_larger_matrices(shape):
    x = RNG.standard_normal(shape)
    _, facts = diagnose(x, np.arange(len(x)) % 2)
    assert facts["sigma_max"] == pytest.approx(np.linalg.norm(x, 2), rel=1e-12)


def test_entries_of_any_size():
    small, large = (diagnose(X * factor, Y).facts for factor in (1e-200, 1e200))
    plain = diagnose(X, Y).facts
    for name in ("delta", "min_norm", "max_norm", "sigma_max"):
        assert small[name] == pytest.approx(plain[name] * 1e-200, rel=1e-13)
        assert large[name] == pytest.approx(plain[name] * 1e200, rel=1e-13)
    assert small["coherence"] == pytest.approx(plain["coherence"], abs=1e-14)


def test_duplicates_are_named():
    x = unit(X)
    x[7] = x[15] = x[2]
    x[9] = x[3]
    y = np.where(np.isin(np.arange(20), [2, 7, 15, 3, 9]), 1, Y)
    found = verdicts(x, y)
    assert found["duplicate_rows"].value == 3
    assert "rows 2, 7 and 15; rows 3 and 9" in found["duplicate_rows"].note
    assert "singular" in found["duplicate_rows"].note
    assert found["contradicting_labels"].holds
    assert found["separation"].holds is False
    assert found["separation"].value == 0.0
    assert found["parallel_rows"].holds is False
    assert found["antiparallel_rows"].holds


def test_contradictions_are_named():
    x = unit(X)
    x[9], x[8], x[11] = x[2], x[4], x[4]
    found = verdicts(x)
    check = found["contradicting_labels"]
    assert check.value == 2
    assert "rows 4, 8 and 11" in check.note
    assert "rows 2 and 9" in check.note
    assert "zero loss is impossible" in check.note


def test_contradicting_targets():
    x = unit(X)
    x[5] = x[4]
    y = np.ones((20, 2))
    assert verdicts(x, y, task="regression")["contradicting_labels"].holds
    y[5, 1] = 2.0
    assert verdicts(x, y, task="regression")["contradicting_labels"].holds is False


@pytest.mark.parametrize("factor", [3.7, 1e-8, 1e12])
def test_parallel_and_opposite_rows_are_named(factor):
    x = X.copy()
    x[12] = factor * x[3]
    x[17] = -factor * x[4]
    found = verdicts(x)
    assert found["parallel_rows"].holds is False
    assert "the same direction: rows 3 and 12. A network without" in found["parallel_rows"].note
    assert found["antiparallel_rows"].holds is False
    assert "opposite direction: rows 4 and 17. An odd" in found["antiparallel_rows"].note
    assert found["duplicate_rows"].holds
    assert found["separation"].holds


@pytest.mark.parametrize("angle", [1e-6, 1e-9, 1e-11])
def test_almost_parallel_rows_are_measured(angle):
    x = X.copy()
    x[12] = 2 * (x[3] + angle * np.linalg.norm(x[3]) * np.array([0, 1.0, 0, 0, 0]))
    check = verdicts(x)["parallel_rows"]
    with mpmath.workdps(50):
        a, b = (mpmath.matrix(row.tolist()) for row in x[[3, 12]])
        exact = mpmath.norm(a / mpmath.norm(a) - b / mpmath.norm(b))
    assert abs(check.value - exact) <= check.error
    assert check.holds
    assert "rows 3 and 12" in check.note


def test_long_rows_have_a_wider_threshold():
    x = RNG.standard_normal((3, 40_000))
    x[1] = 3.0 * x[0]
    check = verdicts(x)["parallel_rows"]
    assert check.bound > 1e-12
    assert check.holds is False


def test_rows_are_called_as_asked():
    x = unit(X)
    x[7] = x[2]
    found = verdicts(x, rows=np.arange(100, 120))
    assert "rows 102 and 107" in found["duplicate_rows"].note


def test_other_norms_are_reported():
    found = verdicts(np.concatenate([unit(X[:10]), 2 * unit(X[10:])]))["unit_norm"]
    assert found.holds is False
    assert found.value == pytest.approx(1.0)
    assert "has norm 2." in found.note


def test_long_lists_are_cut():
    x = np.repeat(unit(X), 2, axis=0)
    note = verdicts(x, np.arange(40) // 2 % 2)["duplicate_rows"].note
    assert "rows 8 and 9; and 15 more groups" in note
    x = np.concatenate([X, 2 * X])
    note = verdicts(x, np.arange(40) % 2)["parallel_rows"].note
    assert "and 15 more pairs" in note


def test_a_single_example_of_a_regression():
    checks, facts = diagnose(np.array([[0.6, 0.8]]), np.array([1.0]), "regression")
    assert all(check.holds for check in checks)
    assert facts["delta"] == np.inf
    assert facts["closest_pair"] == "none"
    assert facts["coherence"] == 0.0


def test_checks_and_facts_are_plain_data():
    checks, facts = (
        prepare(load("digits"), samples=50).checks,
        prepare(load("digits"), samples=50).facts,
    )
    assert json.loads(dumps(facts))["samples"] == 50
    for check in checks:
        assert Check.from_dict(json.loads(dumps(check.to_dict()))) == check


def with_value(row, value):
    x = X.copy()
    x[row] = value
    return x


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (with_value([3, 8], 0.0), Y, r"rows that are not zero. Got zero in rows 3 and 8 \(counted"),
        (with_value(5, np.nan), Y, "must be finite. Got a NaN or an infinity in row 5 "),
        (with_value([0, 19], -np.inf), Y, "must be finite.*in rows 0 and 19 "),
        (X[:0], Y[:0], r"at least one example.*Got 0, 0 and 0, inputs of shape \(0, 5\)"),
        (X, Y[:19], "equally many.*Got 20, 19 and 20"),
        (X, np.ones(20), "at least two classes. Got 1.0 only.*samples_per_class"),
        (X, np.full(20, "cat"), "Got cat only"),
    ],
)
def test_what_is_refused(x, y, message):
    with pytest.raises(InvalidInputError, match=message):
        diagnose(x, y)
