import math

import numpy as np
import pytest

from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.theory import compare

HOLDS = (Check.from_flag("all", True),)
STEPS = np.array([0.0, 1.0, 2.0, 3.0])


def run(status=Status.STEPS_DONE, method="gradient_descent", times=STEPS, **values):
    series = {name: Series(times, np.asarray(value, float)) for name, value in values.items()}
    return Trajectory(method, 0.1, float(times[-1]), series, status)


def outcome(promise, trajectory, assumptions=HOLDS):
    (check,) = compare(Prediction("t", assumptions, (promise,)), trajectory)
    return check


HALVING = Curve.geometric(4.0, 0.5)  # 4, 2, 1, 0.5
UPPER = Promise("squared_residual", HALVING)
TIGHT = Promise("squared_residual", HALVING, Guarantee.TIGHT, tolerance=0.04)
FAR = Promise("distance", 2.0)
AWAY = Promise("gram_smallest", 0.5, Guarantee.LOWER)


@pytest.mark.parametrize(
    ("promise", "monitor", "values", "value", "holds", "worst"),
    [
        (UPPER, "squared_residual", [4.0, 1.8, 0.5, 0.1], 0.9, True, "step 1"),
        (UPPER, "squared_residual", [4.0, 1.0, 1.5, 0.1], 1.5, False, "step 2"),
        (UPPER, "squared_residual", [4.0, 2.0, 1.0, 0.5 * (1 + 1e-12)], 1.0, True, "step"),
        (UPPER, "squared_residual", [4.1, 1.0, 0.5, 0.1], 1.025, False, "step 0"),
        (FAR, "distance", [0.0, 1.0, 1.5, 1.2], 0.75, True, "step 2"),
        (FAR, "distance", [0.0, 1.0, 2.5, 1.2], 1.25, False, "step 2"),
        (AWAY, "gram_smallest", [1.0, 0.9, 0.75, 0.8], 1.5, True, "step 2"),
        (AWAY, "gram_smallest", [1.0, 0.9, 0.4, 0.8], 0.8, False, "step 2"),
        (TIGHT, "squared_residual", [4.0, 2.0, 1.21, 0.5], 0.05, True, "step 2"),
        (TIGHT, "squared_residual", [4.0, 2.0, 0.64, 0.5], 0.1, None, "step 2"),
        (TIGHT, "squared_residual", [4.0, 2.0, 0.49, 0.5], 0.15, False, "step 2"),
    ],
)
def test_the_worst_ratio_and_the_verdict(promise, monitor, values, value, holds, worst):
    check = outcome(promise, run(**{monitor: values}))
    assert check.value == pytest.approx(value, rel=1e-9)
    if holds is not None:  # on the edge only rounding decides
        assert check.holds is holds
    assert worst in check.note and "promised" in check.note and "measured" in check.note
    assert "contradicted" not in check.note


def test_a_tight_curve_is_held_to_a_share_of_the_initial_residual():
    check = outcome(TIGHT, run(squared_residual=[4.0, 2.0, 1.21, 0.5]))
    # sqrt(0.04) = 0.2 of ||r_0|| = 2.
    assert check.bound == pytest.approx(0.1)
    assert check.value == pytest.approx(abs(math.sqrt(1.21) - 1.0) / 2.0)


def test_tolerances_of_other_monitors_are_absolute():
    loose = Promise("distance", 2.0, tolerance=0.5)
    assert outcome(loose, run(distance=[0.0, 1.0, 2.0, 2.4])).value == pytest.approx(2.4 / 2.5)
    low = Promise("gram_smallest", 0.5, Guarantee.LOWER, tolerance=0.1)
    assert outcome(low, run(gram_smallest=[1.0, 0.42, 1.0, 1.0])).value == pytest.approx(1.05)
    tight = Promise("distance", Curve((1.0,), (1.0,)), Guarantee.TIGHT, tolerance=0.3)
    check = outcome(tight, run(distance=[1.0, 1.2, 0.9, 1.0]))
    assert (check.value, check.bound) == (pytest.approx(0.2), 0.3)


def test_below_the_floor_of_rounding_nothing_is_compared():
    decay = Promise("squared_residual", Curve.geometric(1.0, 1e-15))
    kept = outcome(decay, run(squared_residual=[1.0, 1e-16, 3e-25, 3e-25]))
    assert kept.holds is True and kept.value == pytest.approx(0.1)
    assert outcome(decay, run(squared_residual=[1.0, 1e-16, 3e-24, 3e-25])).holds is False
    only_start = outcome(decay, run(times=STEPS[:1], squared_residual=[1.0]))
    assert only_start.holds is None and "no record" in only_start.note


def test_a_missing_monitor_is_undecided_and_named():
    check = outcome(FAR, run(squared_residual=[4.0, 2.0, 1.0, 0.5]))
    assert check.holds is None and "'distance'" in check.note


@pytest.mark.parametrize("promise", [UPPER, TIGHT, FAR, AWAY])
def test_a_run_that_is_not_finite_fails(promise):
    values = {promise.monitor: [1.0, math.nan, 1.0, 1.0]}
    assert outcome(promise, run(**values)).holds is False
    diverged = run(Status.DIVERGED, **{promise.monitor: [1.0, 1.0, 1.0, 1.0]})
    assert outcome(promise, diverged).holds is False


def test_an_unstated_constant_leaves_the_outcome_open():
    promise = Promise("distance", 2.0, unstated=("C",))
    check = outcome(promise, run(distance=[0.0, 3.0, 3.0, 3.0]))
    assert check.unstated == ("C",) and check.holds is None and check.presumed is False


def test_a_failure_without_the_assumptions_contradicts_nothing():
    bad = run(distance=[0.0, 3.0, 3.0, 3.0])
    assert "nothing is contradicted" in outcome(FAR, bad, (Check.from_flag("a", False),)).note
    assert "nothing is contradicted" not in outcome(FAR, bad).note


def test_the_worst_column_of_a_vector_monitor_counts():
    columns = np.array([[0.0, 0.0], [1.0, 1.9], [0.5, 1.0], [0.1, 0.1]])
    promise = Promise("distance_per_layer", 2.0)
    assert outcome(promise, run(distance_per_layer=columns)).value == pytest.approx(0.95)
    low = Promise("distance_per_layer", 0.5, Guarantee.LOWER)
    assert outcome(low, run(distance_per_layer=columns + 0.6)).value == pytest.approx(1.2)


def test_flow_is_read_in_time_and_many_terms_fit_into_memory():
    terms = 3000
    curve = Curve((1.0 / terms,) * terms, (0.5,) * terms)
    times = np.linspace(0.0, 3.0, 2000)
    flow = run(method="gradient_flow", times=times, squared_residual=0.9 * 0.5**times)
    check = outcome(Promise("squared_residual", curve), flow)
    assert check.value == pytest.approx(0.9) and "worst at time" in check.note


def test_nothing_promised_and_nothing_moved_is_kept():
    still = Promise("distance", 0.0)
    assert outcome(still, run(distance=[0.0, 0.0, 0.0, 0.0])).holds is True
    assert outcome(still, run(distance=[0.0, 1e-30, 0.0, 0.0])).holds is False
    trivial = Promise("gram_smallest", 0.0, Guarantee.LOWER)
    assert outcome(trivial, run(gram_smallest=[0.0, 1.0, 1.0, 1.0])).holds is True
