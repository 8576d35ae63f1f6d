"""The section on the history of C: what it says, and what the plots hold."""

import dataclasses
import math

import numpy as np
import pytest

from surefit.core.condition_history import ConditionHistory, Moment
from surefit.report.condition import condition, condition_plots


def moments(*pairs):
    return tuple(Moment(float(time), 1.0, 0.5, 2.0, value) for time, value in pairs)


@pytest.fixture(name="shown")
def _shown(records):
    def show(history):
        record = dataclasses.replace(records.good(), conditions=history)
        plots = condition_plots(record)
        return plots, condition(record, plots)

    return show


def test_a_run_that_fires_while_training(shown):
    (plot,), text = shown(ConditionHistory(moments((0, 50.0), (1, 20.0), (1000, 0.4), (2000, 0.1))))
    assert "first seen below 1 at step 1000, and ended at 0.1" in text
    assert plot.log_y
    measured, level, fires = plot.lines
    np.testing.assert_array_equal(measured.y, [50.0, 20.0, 0.4, 0.1])
    assert np.all(level.y == 1.0)
    assert (level.x[0], level.x[-1]) == (0.0, 2000.0)
    assert (fires.x[0], fires.y[0], fires.label) == (1000, 0.4, "the certificate fires (step 1000)")


def test_a_run_that_fires_while_polishing(shown):
    history = ConditionHistory(
        moments((0, math.inf), (1, 30.0)), moments((0, 30.0), (1, 2.0), (2, 1e-3))
    )
    (first, second), text = shown(history)
    assert "At the end of training C was 30" in text
    assert "Behind polishing step 2 C was" in text
    assert len(first.lines) == 2  # nothing fires there
    assert second.x_axis == "polishing step"
    assert second.lines[2].x[0] == 2


def test_runs_without(shown):
    plots, text = shown(ConditionHistory(moments((0, 3.0), (1, math.inf))))
    assert "J was not onto within rounding, so that C was infinite" in text
    assert len(plots[0].lines) == 2
    plots, text = shown(ConditionHistory(absent="The loss is another one."))
    assert plots == []
    assert "was not followed. The loss is another one." in text
    plots, text = shown(None)
    assert (plots, text) == ([], "")
    history = ConditionHistory(moments((0, 3.0), (1, 2.0)), moments((0, 2.0), (1, 1.5)))
    assert "Polishing did not bring it below 1" in shown(history)[1]


def test_a_round_through_json():
    history = ConditionHistory(moments((0, math.inf)), moments((0, math.nan), (1, 0.5)))
    again = ConditionHistory.from_dict(dataclasses.asdict(history))
    assert again.training == history.training
    assert math.isnan(again.polishing[0].condition)
    assert again.fired_polishing == history.polishing[1]
