import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surefit.core.check import Evidence, Sense
from surefit.core.spectrum import Enclosure
from surefit.errors import InvalidInputError

finite = st.floats(-1e100, 1e100)


@given(finite, st.floats(0, 1e100), st.floats(-1, 1))
def test_around_contains_everything_within_the_error(value, error, share):
    enclosure = Enclosure.around(value, error)
    assert enclosure.contains(value + share * error)
    assert enclosure.error >= error
    assert float(enclosure) == value


def test_around_is_tight():
    enclosure = Enclosure.around(2.0, 1e-3)
    assert 1e-3 <= enclosure.error <= 1e-3 * (1 + 1e-12)
    exact = Enclosure.around(2.0, 0.0)
    assert (exact.lower, exact.upper, exact.error) == (2.0, 2.0, 0.0)


@given(st.floats(0, 1e100), st.floats(0, 1e100))
def test_sqrt_encloses_the_root_of_both_ends(value, error):
    enclosure = Enclosure.around(value, error)
    root = enclosure.sqrt()
    for x in (max(0.0, enclosure.lower), value, enclosure.upper):
        assert root.contains(math.sqrt(x))
    assert root.lower >= 0.0
    assert root.upper <= math.sqrt(enclosure.upper) * (1 + 1e-15) + 5e-324


def test_sqrt_of_a_negative_interval_is_refused():
    with pytest.raises(InvalidInputError, match=r"Got upper = -1\.0.* not positive semi-definite"):
        Enclosure(-3.0, -2.0, -1.0).sqrt()


@pytest.mark.parametrize("ends", [(1.0, 0.0, 2.0), (0.0, 3.0, 2.0), (0.0, math.nan, 1.0)])
def test_the_order_is_checked(ends):
    with pytest.raises(InvalidInputError, match="lower <= value <= upper"):
        Enclosure(*ends)


def test_a_check_carries_error_and_evidence():
    enclosure = Enclosure(0.5, 1.0, 1.1, Evidence.SAMPLED, 1e-6)
    check = enclosure.check("lambda_min", 0.2, Sense.GREATER)
    assert check.holds is True
    assert check.evidence is Evidence.SAMPLED
    assert "1.0e-06" in check.note
    assert enclosure.check("lambda_min", 0.7).holds is None
    assert enclosure.check("lambda_min", 1.7).holds is False
    assert Enclosure(0.5, 1.0, 1.1).check("lambda_min", 0.2, note="why").note == "why"


def test_how_it_reads():
    enclosure = Enclosure(0.5, 1.0, math.inf)
    assert str(enclosure) == "1 in [0.5, inf]"
    assert f"{enclosure}" == str(enclosure)
    assert f"{enclosure:.3f}" == "1.000"
    assert enclosure.contains(0.5)
    assert not enclosure.contains(0.4)
