import dataclasses
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from surefit.core.curve import Curve
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.record import TheoremRecord
from surefit.core.trajectory import Series
from surefit.report.gallery import gallery, plot_data, plots_of
from surefit.report.looks import LOOKS
from surefit.report.plot import broken_at, figure_json


def figures(record):
    return {plot.title: plot for plot in plots_of(record)}


def run(records, series=None, promises=(), applies=None, spectra=None, **prediction):
    """A run with the given series, and one theorem with the given promises."""
    base = records.good()
    theorem = TheoremRecord("t", "Theorem", "", "", "", Prediction("t", (), promises, **prediction))
    trajectory = base.trajectory
    if series is not None:
        trajectory = dataclasses.replace(trajectory, series=series)
    return dataclasses.replace(
        base, theorems=(theorem,), trajectory=trajectory, spectra=spectra or {}
    )


@pytest.mark.parametrize("name", ["good", "diverged", "bare", "hostile"])
def test_every_figure_is_valid_plotly(records, name):
    for plot in plots_of(records.RECORDS[name]()):
        text = json.dumps(figure_json(plot), allow_nan=False)
        go.Figure(json.loads(re.sub(r"var\(--[a-z0-9-]+\)", "#123456", text)))


def test_every_series_has_a_plot_and_known_ones_come_first(records):
    record = records.good()
    titles = list(figures(record))
    known = [LOOKS[name].title for name in LOOKS if name in record.trajectory.series]
    known.remove("Training loss")  # half the squared residual: it would be the same plot again
    assert titles == [*known, "Sharpness of tomorrow", "Spectra of the tangent kernel"]


def test_a_loss_that_is_not_the_residual_has_its_own_plot(records):
    times = np.arange(5.0)
    series = {"squared_residual": Series(times, times + 1), "loss": Series(times, times**2 + 1)}
    assert "Training loss" in figures(run(records, series))


def test_drawn_values_are_the_measured_ones(records):
    record = records.good()
    line = figures(record)["Largest Gram eigenvalue"].lines[0]
    series = record.trajectory["gram_largest"]
    np.testing.assert_array_equal(line.x, series.times)
    np.testing.assert_array_equal(line.y, series.values)


def test_predicted_curves_are_evaluated_at_the_measured_times(records):
    curve = Curve((2.0, 1.0), (0.9, 0.5))
    times = np.arange(0.0, 30.0)
    series = {"squared_residual": Series(times, 3 * 0.8**times)}
    plot = plots_of(run(records, series, (Promise("squared_residual", curve),)))[0]
    line = plot.lines[1]
    np.testing.assert_allclose(line.y, 2 * 0.9**line.x + 0.5**line.x, rtol=1e-12)
    assert line.x[0] == 0
    assert line.x[-1] == 29


def test_a_prediction_far_below_the_plot_is_cut_off(records):
    times = np.arange(0.0, 100.0)
    series = {"squared_residual": Series(times, 0.99**times)}
    promise = Promise("squared_residual", Curve.geometric(1.0, 1e-3), Guarantee.LOWER)
    drawn = plots_of(run(records, series, (promise,)))[0].lines[1].y
    assert np.isnan(drawn[-1])
    assert np.nanmin(drawn) > 1e-8


def test_verdicts_set_the_style_of_predictions(records):
    lines = figures(records.good())["Does it fit, and as fast as promised?"].lines
    style = {line.label.split(" (2")[0]: (line.dash, line.shown) for line in lines}
    assert style["measured"] == ("solid", True)
    assert style["Bartlett, Montanari, Rakhlin"] == ("solid", True)
    assert style["Arora, Du, Hu, Li, Wang"] == ("dash", True)
    assert style["Du, Zhai, Póczos, Singh"] == ("dot", False)
    assert len({(line.symbol, line.dash) for line in lines}) == len(lines)


def test_labels_say_unstated_where_a_promise_depends_on_such_a_constant(records):
    lines = figures(records.good())["Does it fit, and as fast as promised?"].lines
    assert ["unstated C_width" in line.label for line in lines] == [False, False, True, False]


def test_a_radius_is_a_level_line_on_the_distance(records):
    plot = figures(run(records, radius=5.0, unstated={"C": 1.0}))["Distance from the start"]
    assert plot.lines[-1].y.tolist() == [5.0] * len(plot.lines[-1].x)
    assert "at most 5, unstated C" in plot.lines[-1].label
    # The length of the path may exceed a bound on the distance.
    assert len(figures(run(records, radius=5.0))["Length of the path"].lines) == 1


def test_layers_are_lines_with_their_labels(records):
    plot = figures(run(records))["Operator norms of the weights"]
    assert [line.label for line in plot.lines] == ["hidden", "output"]
    assert len({line.colour for line in plot.lines}) == 2


def test_very_many_columns_become_their_spread(records):
    values = np.random.default_rng(0).normal(size=(10, 5, 6))
    plot = figures(run(records, {"cloud": Series(np.arange(10.0), values)}))["Cloud"]
    assert [line.label for line in plot.lines] == ["largest of 30", "median", "smallest"]
    np.testing.assert_array_equal(plot.lines[0].y, values.max(axis=(1, 2)))


def test_axes_are_logarithmic_where_it_helps(records):
    times = np.arange(50.0)
    series = {
        "wide": Series(times, 10.0 ** (-times / 10)),
        "narrow": Series(times, 1 + times / 100),
        "from_zero": Series(times, times),
        "negative": Series(times, 10.0 ** (-times / 10) - 0.5),
        "early_drop": Series(times, 0.01 + 40.0 * np.exp(-times)),
    }
    plots = figures(run(records, series))
    assert {title for title, plot in plots.items() if plot.log_y} == {"Wide", "Early drop"}
    assert len(plots) == len(series)


def test_a_vacuous_radius_does_not_flatten_the_measured_line(records):
    series = {"distance": Series(np.arange(50.0), np.arange(50.0) / 500)}
    assert plots_of(run(records, series, radius=472.0))[0].log_y


def test_a_diverged_run_says_where_it_broke(records):
    record = records.diverged()
    plot = plots_of(record)[0]
    residual = record.trajectory["squared_residual"].values
    assert broken_at(plot) == int(np.argmin(np.isfinite(residual)))
    figure = figure_json(plot)
    assert "no finite number from step 191 on" in figure["layout"]["annotations"][0]["text"]
    assert figure["data"][0]["y"][-1] is None


def test_flow_is_drawn_over_time(records):
    assert plots_of(records.bare())[0].x_axis == "time"


def test_spectra_are_drawn_by_rank_and_count_what_they_leave_out(records):
    plot = plots_of(run(records, {}, spectra={"limit_ntk": [-1e-17, 0.0, 0.5, 3.0]}))[0]
    assert plot.lines[0].x.tolist() == [1, 2, 3, 4]
    assert plot.lines[0].y.tolist() == [3.0, 0.5, 0.0, -1e-17]
    assert figure_json(plot)["data"][0]["y"] == [3.0, 0.5, None, None]
    assert "2 of 4 eigenvalues" in plot.notes[0]


def test_long_runs_stay_light(records):
    times = np.arange(200_000.0)
    series = {"squared_residual": Series(times, np.exp(-times / 1e5))}
    plots = plots_of(
        run(records, series, (Promise("squared_residual", Curve.geometric(1.0, 1.0)),))
    )
    assert len(plot_data(plots)) < 60_000


def test_curves_of_theorems_that_do_not_apply_are_shown_if_no_other_is(records):
    du = next(item for item in records.good().theorems if item.name == "du_et_al_2018")
    record = dataclasses.replace(records.good(), theorems=(du,))
    plots = figures(record)
    curve = plots["Does it fit, and as fast as promised?"].lines[-1]
    radius = plots["Distance from the start"].lines[-1]
    assert curve.promised
    assert (curve.shown, curve.dash) == (True, "dot")
    assert radius.promised
    assert not radius.shown


def test_time_is_logarithmic_where_most_records_are_early(records):
    times = np.unique(np.geomspace(1, 1e5, 60).round()) - 1.0
    series = {name: Series(times, 1 + times) for name in ("squared_residual", "distance", "x")}
    series["even"] = Series(np.arange(50.0), 1 + np.arange(50.0))
    log = {title: plot.log_x for title, plot in figures(run(records, series)).items()}
    assert log == {
        "Does it fit, and as fast as promised?": False,
        "Distance from the start": True,
        "X": True,
        "Even": False,
    }


def test_places_of_weights_are_put_into_words(records):
    values = np.ones((3, 3))
    labels = ("0", "2/w", "head")
    plot = figures(run(records, {"norms": Series(np.arange(3.0), values, labels)}))["Norms"]
    assert [line.label for line in plot.lines] == ["layer 0", "layer 2: w", "head"]


def test_a_value_that_is_not_finite_is_no_divergence_by_itself(records):
    # The PL ratio has no value where the loss is at its minimum.
    times = np.arange(50.0)
    values = np.where(times < 40, 1.0 + times, np.nan)
    plot = figures(run(records, {"pl_ratio": Series(times, values)}))["Polyak-Łojasiewicz ratio"]
    assert broken_at(plot) == 40
    assert "annotations" not in figure_json(plot)["layout"]
    assert "the first at step 40, are left out" in gallery([plot])
    assert "diverged" not in gallery([plot])
