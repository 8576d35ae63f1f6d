import tracemalloc

import hypothesis.extra.numpy as hnp
import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.data import load, parse_steps, select, separation
from surefit.data.pairs import _Scan, closest, equal_rows
from surefit.errors import InvalidInputError, MemoryLimitError


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    # So that small examples have several blocks, a last one that is not full, and batches.
    monkeypatch.setattr("surefit.data.pairs.BLOCK", 4)
    monkeypatch.setattr("surefit.data.pairs.BATCH", 16)


def exact_distance(a, b, sign=1):
    with mpmath.workdps(60):
        entries = (
            mpmath.mpf(float(u)) - sign * mpmath.mpf(float(v)) for u, v in zip(a, b, strict=True)
        )
        return mpmath.sqrt(sum(e * e for e in entries))


def brute_force(x, sign=1):
    pairs = [(i, j) for i in range(len(x)) for j in range(i + 1, len(x))]
    distances = [exact_distance(x[i], x[j], sign) for i, j in pairs]
    return min(distances), dict(zip(pairs, distances, strict=True))


def agrees(x, sign=1):
    found = closest(x, sign)
    least, distances = brute_force(x, sign)
    assert abs(found.distance - least) <= found.error + 1e-320
    assert distances[found.pair] <= least + 2 * found.error + 1e-320


wild = st.floats(-1e150, 1e150, allow_subnormal=False)
tables = hnp.arrays(
    np.float64,
    st.tuples(st.integers(2, 9), st.integers(1, 4)),
    elements=st.one_of(wild, st.floats(-2, 2), st.integers(-2, 2).map(float)),
)


@given(tables, st.sampled_from([1, -1]))
@settings(deadline=None, max_examples=150)
def test_against_all_pairs_in_sixty_digits(x, sign):
    agrees(x, sign)


@pytest.mark.parametrize(
    ("gap", "offset"),
    [(1e-6, 0.0), (1e-9, 0.0), (1e-12, 0.0), (1e-9, 1.0), (1e-9, 1e3), (1e-9, 1e6), (1e-6, 1e6)],
)
def test_near_duplicates(gap, offset):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((13, 6)) + offset
    x[11] = x[2] + gap * rng.standard_normal(6)
    found = separation(x)
    least, _ = brute_force(x)
    assert found.pair == (2, 11)
    assert least > 0
    assert abs(found.delta - least) <= found.error
    assert found.error <= 20 * 2.0**-53 * found.delta


def test_what_a_gram_matrix_alone_would_say():
    # The reason for the recomputation: at a distance of 1e-9 the Gram matrix has no digit left.
    rng = np.random.default_rng(3)
    x = rng.standard_normal((5, 6))
    x[4] = x[1] + 1e-9 * rng.standard_normal(6)
    gram = x @ x.T
    square = gram[1, 1] + gram[4, 4] - 2 * gram[1, 4]
    assert abs(np.sqrt(abs(square)) / separation(x).delta - 1) > 0.5


def test_rows_that_differ_in_the_last_digit_are_apart():
    x = np.ones((6, 3)) * np.arange(1, 7)[:, None]
    x[5] = x[0]
    x[5, 2] = np.nextafter(1.0, 2.0)
    assert separation(x).delta == 2.0**-52
    tiny = np.array([[0.0, 1.0], [5e-324, 1.0]])
    assert separation(tiny).delta == 5e-324


def test_huge_entries():
    x = np.array([[1e300, 0.0], [1e300, 1e290], [-1e300, 0.0]])
    assert separation(x).delta == 1e290
    assert separation(x).pair == (0, 1)


@pytest.mark.parametrize("seed", [17, 52, 71, 74])
def test_rows_whose_squares_underflow_beside_others(seed):
    x = 1e-161 * np.random.default_rng(seed).standard_normal((12, 2))
    x[5] = 1.0
    agrees(x)
    agrees(x, -1)


def test_equal_rows():
    x = np.array([[0.0, 1.0], [2.0, 3.0], [-0.0, 1.0], [2.0, 3.0], [0.0, 1.0]])
    assert [group.tolist() for group in equal_rows(x)] == [[0, 2, 4], [1, 3]]
    found = separation(x)
    assert (found.delta, found.pair, found.error) == (0.0, (0, 2), 0.0)
    # The listing also finds what is close to, but not equal to, one of the equal rows.
    y = np.concatenate([x, [[0.0, 1.0 + 1e-13]]])
    listed = closest(y, within=1e-12)
    assert listed.close == [(0, 2), (0, 4), (1, 3), (0, 5)]
    assert listed.count == 4


def test_listing_is_complete_and_capped():
    x = np.arange(12.0)[:, None] * 1e-3
    found = closest(x, within=1.0005e-3, keep=5)
    assert found.count == 11
    assert len(found.close) == 5
    assert closest(x, within=1.0005e-3).close == [(i, i + 1) for i in range(11)]


def test_a_single_row_has_no_neighbour():
    found = separation(np.ones((1, 3)))
    assert (found.delta, found.pair, found.error) == (np.inf, None, 0.0)


def test_images_are_vectors():
    x = np.random.default_rng(0).standard_normal((9, 2, 3))
    assert separation(x) == separation(x.reshape(9, 6))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (np.ones((0, 2)), r"Got shape \(0, 2\)\. No distance"),
        (np.ones((2, 0)), r"Got shape \(2, 0\)\. No distance"),
        (np.array([[1.0], [np.nan]]), r"Got shape \(2, 1\) with a NaN or an infinity"),
        (np.array([[1.0], [np.inf]]), r"Got shape \(2, 1\) with a NaN or an infinity"),
    ],
)
def test_what_is_refused(x, message):
    with pytest.raises(InvalidInputError, match=message):
        separation(x)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_screening_never_overestimates_and_is_tight(sign, offset):
    rng = np.random.default_rng(1)
    x = rng.standard_normal((8, 50)) + offset
    x[5] = sign * x[1] + 1e-7 * rng.standard_normal(50)
    scan = _Scan(x, sign, 0.0, 1)
    for top in (0, 4):
        low = scan._lower_bounds(top, 4)
        for i in range(4):
            for j in range(4):
                if top + i < 4 + j:
                    true = exact_distance(x[top + i], x[4 + j], sign) ** 2 / scan.scale**2
                    reach = scan.slack * (scan.norms[top + i] + scan.norms[4 + j]) ** 2
                    assert low[i, j] <= true
                    assert true - low[i, j] <= 2 * reach


def test_memory_stays_bounded(monkeypatch):
    monkeypatch.setattr("surefit.data.pairs.BLOCK", 512)
    monkeypatch.setattr("surefit.data.pairs.BATCH", 1 << 16)
    x = np.random.default_rng(0).standard_normal((4000, 5))
    tracemalloc.start()
    separation(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # All distances at once would be 128 MB; a block is 2 MB.
    assert peak < 20e6


def test_more_than_memory_holds_is_refused_beforehand(monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 1000)
    with pytest.raises(MemoryLimitError, match=r"closest of 30 rows of 5 .*needs 5\.1 KiB; 1000 B"):
        separation(np.ones((30, 5)))


def test_a_crowd_of_equal_rows_is_no_search(monkeypatch):
    monkeypatch.setattr("surefit.data.pairs.BLOCK", 512)
    x = np.ones((3000, 5))
    x[1] = 2.0
    measured = []
    monkeypatch.setattr(
        "surefit.data.pairs._norms",
        lambda differences: (
            measured.append(len(differences)) or np.linalg.norm(differences, axis=1)
        ),
    )
    found = closest(x, within=1e-12)
    assert found.count == 2998
    assert sum(measured) <= 2


@pytest.mark.parametrize(("samples", "delta"), [(500, 0.0997), (100, 0.150), (50, 0.150)])
def test_digits_in_the_order_of_the_check_values(samples, delta):
    # The values of the theory notes belong to rows shuffled by default_rng(0).permutation.
    chosen = select(load("digits"), samples=samples, shuffle=True, seed=0)
    (step,) = parse_steps(["append_coordinate"])
    assert separation(step.apply(chosen.x)).delta == pytest.approx(delta, rel=0, abs=5e-4)


@pytest.mark.parametrize(("samples", "delta"), [(500, 0.1067), (100, 0.1238), (50, 0.1459)])
def test_digits_in_the_order_of_the_file(samples, delta):
    chosen = select(load("digits"), samples=samples)
    (step,) = parse_steps(["append_coordinate"])
    x = step.apply(chosen.x)
    found = separation(x).delta
    assert found == pytest.approx(delta, rel=0, abs=5e-5)
    by_rows = min(
        np.linalg.norm(x[i + 1 :] - x[i][None, :], axis=1).min() for i in range(samples - 1)
    )
    assert found == pytest.approx(by_rows, rel=1e-14)
