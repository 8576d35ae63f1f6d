import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from surefit.core.rounding import (
    UNIT_ROUNDOFF,
    down,
    frobenius_norm_bound,
    gamma,
    gram_error,
    gram_frobenius_error,
    gram_operator_error,
    up,
)
from surefit.errors import InvalidInputError

ordinary = st.floats(-1e60, 1e60, allow_subnormal=False)


def exact_gram(a):
    """A A^T in rational arithmetic: an object array of fractions."""
    rows = [[Fraction(float(x)) for x in row] for row in a]
    return [[sum(x * y for x, y in zip(r, s, strict=True)) for s in rows] for r in rows]


def gram_rounding(a):
    """The true error |fl(AA^T) - AA^T| entry by entry, itself rounded once."""
    computed, exact = a @ a.T, exact_gram(a)
    return np.array(
        [
            [abs(float(Fraction(float(c)) - e)) for c, e in zip(row, true, strict=True)]
            for row, true in zip(computed, exact, strict=True)
        ]
    )


def test_unit_roundoff_is_half_the_spacing_at_one():
    assert np.spacing(1.0) / 2 == UNIT_ROUNDOFF


@given(st.integers(0, 2**40))
def test_gamma_is_the_formula_rounded_up(n):
    u = Fraction(1, 2**53)
    exact = n * u / (1 - n * u)
    value = Fraction(gamma(n))
    assert exact <= value <= exact * (1 + 8 * u)


def test_gamma_bounds_a_product_of_roundings():
    # The largest relative error of n roundings in a row, and a sum that comes close to it.
    n = 1000
    assert (1 + Fraction(1, 2**53)) ** n - 1 <= gamma(n)
    assert (1 + Fraction(1, 2**53)) ** n - 1 >= Fraction(gamma(n)) * Fraction(999, 1000)


@pytest.mark.parametrize("n", [-1, 2**53])
def test_gamma_refuses_what_it_cannot_bound(n):
    with pytest.raises(InvalidInputError, match=rf"0 <= n < 2\*\*53. Got {n}"):
        gamma(n)


@given(ordinary, ordinary)
def test_up_and_down_enclose_the_exact_sum(x, y):
    exact = Fraction(x) + Fraction(y)
    assert down(x + y) <= exact <= up(x + y)
    assert up(x + y) == np.nextafter(x + y, np.inf)


def test_up_and_down_work_on_arrays():
    x = np.array([1.0, -2.0, 0.0])
    assert (down(x) < x).all()
    assert (x < up(x)).all()
    assert (down(up(x)) == x).all()


@given(hnp.arrays(np.float64, st.integers(1, 12), elements=ordinary))
def test_the_frobenius_bound_is_valid_and_tight(x):
    square = sum(Fraction(float(v)) ** 2 for v in x)
    bound = Fraction(frobenius_norm_bound(x))
    assert bound**2 >= square
    assert bound**2 <= square * (1 + Fraction(64, 2**53))


@pytest.mark.parametrize("scale", [1e-310, 1e-200, 1.0, 1e200, 1e300])
def test_the_frobenius_bound_survives_extreme_sizes(scale):
    bound = frobenius_norm_bound(np.full((3, 3), scale))
    assert 3 * scale <= bound <= 3 * scale * (1 + 1e-12)


def test_the_frobenius_bound_of_special_arrays():
    assert frobenius_norm_bound(np.zeros((4, 2))) == 0.0
    assert frobenius_norm_bound(np.empty((0, 3))) == 0.0
    assert frobenius_norm_bound(np.array([1.0, np.nan])) == math.inf
    assert frobenius_norm_bound(np.array([1.0, -np.inf])) == math.inf
    assert frobenius_norm_bound(np.full(9, 1e308)) == math.inf


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(1, 8)),
        elements=st.floats(-1e3, 1e3),
    )
)
def test_gram_errors_bound_the_true_error(a):
    true = gram_rounding(a)
    assert (true <= gram_error(a)).all()
    frobenius, operator = gram_frobenius_error(a), gram_operator_error(a)
    assert np.linalg.norm(true) <= frobenius
    assert np.linalg.norm(true, 2) <= operator <= frobenius


def test_the_entrywise_bound_is_attained_by_an_unlucky_sum():
    # 1 + u + u + ... rounds every u away when summed in this order: the error is (p-1) u of p u.
    p = 400
    terms = np.full(p, UNIT_ROUNDOFF)
    terms[0] = 1.0
    total = 0.0
    for term in terms:
        total += term * 1.0
    lost = float(sum(map(Fraction, terms.tolist())) - Fraction(total))
    bound = gamma(p) * float(terms.sum())
    assert 0.99 * bound < lost <= bound


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_operator_bound_is_the_norm_of_the_entrywise_bound(kind):
    rng = np.random.default_rng(1)
    a = rng.standard_normal((60, 200))
    if kind == "sparse":  # rows on disjoint supports: |A||A|^T is diagonal
        a = np.where(np.arange(200)[None, :] // 10 == np.arange(60)[:, None] % 20, a, 0.0)
    norm = np.linalg.norm(np.abs(a) @ np.abs(a).T, 2)
    bound = gram_operator_error(a)
    # Power steps do not separate equal norms quickly; 1.5 is what four of them leave at most here.
    assert gamma(200) * norm <= bound <= gamma(200) * norm * (1.05 if kind == "dense" else 1.5)
    assert bound <= gram_frobenius_error(a)
    if kind == "sparse":
        assert bound < 0.2 * gram_frobenius_error(a)


def test_zero_and_tiny_factors():
    assert gram_operator_error(np.zeros((3, 4))) <= 1e-300
    assert gram_frobenius_error(np.zeros((3, 4))) <= 1e-300
    tiny = np.full((2, 3), 1e-170)  # every product underflows to a subnormal number or zero
    assert (gram_rounding(tiny) <= gram_error(tiny)).all()
    assert np.linalg.norm(gram_rounding(tiny), 2) <= gram_operator_error(tiny)
