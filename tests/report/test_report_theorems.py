import dataclasses
import re

import pytest

from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.record import TheoremRecord
from surefit.report.theorems import theorems
from surefit.report.unstated import behind_radius, behind_rate, behind_step_size, behind_width


def prediction(**fields):
    return Prediction("t", **({"assumptions": (), "unstated": {"a": 1.0, "b": 2.0}} | fields))


def test_a_number_is_marked_with_the_constants_of_its_check_or_promise():
    found = prediction(
        assumptions=(
            Check("width m", 512.0, 1e9, unstated=("a",)),
            Check("step size", 0.1, 0.2),
        ),
        promises=(
            Promise("squared_residual", Curve.geometric(1.0, 0.9)),
            Promise("distance", 3.0, unstated=("b",)),
        ),
        width=1e9,
        step_size=0.2,
        rate=0.9,
        radius=3.0,
    )
    assert behind_width(found) == ("a",)
    assert behind_step_size(found) == ()
    assert behind_rate(found) == ()
    assert behind_radius(found) == ("b",)


@pytest.mark.parametrize("behind", [behind_width, behind_step_size, behind_rate, behind_radius])
def test_a_number_of_unknown_origin_is_marked_with_all_constants(behind):
    found = prediction(width=1e9, step_size=0.2, rate=0.9, radius=3.0)
    assert behind(found) == ("a", "b")


def row(records, record=None, outcome=(), **fields):
    """The visible text of a theorem's row."""
    item = TheoremRecord("t", "Theorem", "", "", "", prediction(unstated={}, **fields), outcome)
    record = records.good() if record is None else record
    html = theorems(dataclasses.replace(record, theorems=(item,)))
    cells = html[html.index("<tbody") :].split('class="more"')[0]
    return re.sub("<[^>]*>", " ", cells).replace("  ", " ")


def curve(factors, weights):
    return (Promise("squared_residual", Curve(weights, factors)),)


def test_a_rate_that_is_the_factor_of_the_curve_is_shown_as_a_factor(records):
    text = row(records, rate=0.5, promises=curve((0.5,), (1.0,)))
    assert re.search(r"\b0\.5 ", text)
    assert "factor 10 every 3.32 steps" in text


def test_an_exponent_is_shown_as_one_with_the_pace_of_its_curve(records):
    text = row(records, rate=0.02, promises=curve((0.1,), (1.0,)))
    assert re.search(r"e\s+−\s*0\.02\s+t", text)
    assert "factor 10 every 1 steps" in text


def test_terms_without_weight_set_no_pace(records):
    text = row(records, rate=0.5, promises=curve((0.99, 0.5), (0.0, 1.0)))
    assert "factor 10 every 3.32 steps" in text


def test_a_rate_without_curve_follows_the_step(records):
    assert "factor 10 every 1 steps" in row(records, rate=0.1, step_size=0.2)
    assert re.search(r"e\s+−\s*0\.1\s+t", row(records, rate=0.1))


def test_flow_is_counted_in_time(records):
    text = row(records, records.bare(), rate=0.1, step_size=0.2)
    assert "factor 10 every 1 units of time" in text


@pytest.mark.parametrize(
    ("applies", "holds", "words"),
    [
        (True, True, "1 of 1"),
        (True, False, "0 of 1"),
        (False, True, "1 of 1 though it does not apply"),
        (False, False, "0 of 1 which it does not promise here"),
    ],
)
def test_promises_kept(records, applies, holds, words):
    text = row(
        records,
        outcome=(Check.from_flag("kept", holds),),
        assumptions=(Check.from_flag("C", applies),),
    )
    assert words in re.sub(r"\s+", " ", text)


def test_guarantees_are_put_into_words(records):
    promises = tuple(
        Promise(name, 2.0, guarantee)
        for name, guarantee in zip(("x", "y", "z"), Guarantee, strict=True)
    )
    item = TheoremRecord("t", "Theorem", "", "", "", prediction(promises=promises))
    text = re.sub("<[^>]*>", " ", theorems(dataclasses.replace(records.good(), theorems=(item,))))
    for words in ("at most", "at least", "equal, up to a tolerance"):
        assert text.count(words) == 1
