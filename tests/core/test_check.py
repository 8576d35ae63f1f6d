import math

import numpy as np
import pytest

from surefit.core.check import Check, Evidence, Sense
from surefit.core.curve import Curve


@pytest.mark.parametrize(
    ("value", "bound", "sense", "error", "holds"),
    [
        (1.0, 2.0, Sense.AT_MOST, 0.0, True),
        (2.0, 2.0, Sense.AT_MOST, 0.0, True),
        (2.0, 2.0, Sense.LESS, 0.0, False),
        (2.0, 2.0, Sense.AT_MOST, 1e-12, None),
        (1.0, 2.0, Sense.AT_MOST, 2.0, None),
        (3.0, 2.0, Sense.AT_MOST, 0.5, False),
        (3.0, 2.0, Sense.AT_LEAST, 0.5, True),
        (2.0, 2.0, Sense.GREATER, 0.0, False),
        (math.nan, 2.0, Sense.AT_MOST, 0.0, None),
    ],
)
def test_verdict(value, bound, sense, error, holds):
    assert Check("q", value, bound, sense, error).holds is holds


def test_an_unstated_constant_leaves_the_verdict_open():
    check = Check("m", 512.0, 1e22, Sense.AT_LEAST, unstated=("C",))
    assert check.holds is None
    assert check.presumed is False


@pytest.mark.parametrize("value", [1.0, math.inf, -math.inf])
def test_dict_round_trip(value):
    check = Check("q", value, 2.0, Sense.LESS, 0.1, Evidence.SAMPLED, "why", ("C",))
    assert Check.from_dict(check.to_dict()) == check


def test_evidence_is_ordered():
    assert [e.strength for e in Evidence] == [4, 3, 2, 1, 0]


def test_curve_is_a_sum_of_exponentials():
    curve = Curve((1.0, 2.0), (0.5, 1.0))
    assert curve(np.array([0.0, 1.0, 3.0])).tolist() == [3.0, 2.5, 2.125]
    assert Curve.from_dict(curve.to_dict()) == curve
