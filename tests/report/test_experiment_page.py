import dataclasses
import re

import numpy as np
import pytest

from surefit.core.check import Check, Sense
from surefit.core.experiment import CurveLine, ExperimentRecord, Panel
from surefit.core.trajectory import Series
from surefit.errors import StorageError
from surefit.report import is_experiment, render, render_experiment, write_experiment
from surefit.report.rates import decay
from surefit.report.timelines import timelines


def record(**changes):
    epochs = np.arange(3.0)
    lines = tuple(
        CurveLine(f"width {width}", epochs, np.array([1.0, 0.5, 100.0 / width]))
        for width in (500, 1000)
    )
    base = ExperimentRecord(
        run_id="gao2022-x-0123456789",
        name="gao2022",
        title="Wider <is> faster",
        question="Is it?",
        source="A paper, Figure 1",
        spec={"experiment": "gao2022"},
        environment={"date": "2026-11-26T09:00:00+00:00", "jax": "0.10"},
        verdict="It is.",
        holds=True,
        choices={"step_size": "1 / largest eigenvalue"},
        facts={"samples": 1000, "classes": "0: 500"},
        columns=("width m", "error"),
        rows=((500, 0.2), (1000, 0.1)),
        panels=(
            Panel("train_loss", "Training error", "Falls.", "epoch", "error", lines, log_y=True),
            Panel("norm", "Norm", "Stays.", "epoch", "norm", lines),
        ),
        checks=(Check("error, 1000 against 500", 0.1, 0.2, Sense.LESS),),
        command="surefit experiment gao2022",
    )
    return dataclasses.replace(base, **changes)


def test_a_record_survives_the_disk(tmp_path):
    record().save(tmp_path)
    again = ExperimentRecord.load(tmp_path)
    for field in dataclasses.fields(again):
        if field.name != "panels":
            assert getattr(again, field.name) == getattr(record(), field.name), field.name
    for ours, theirs in zip(again.panels, record().panels, strict=True):
        assert ours.title == theirs.title
        for one, other in zip(ours.lines, theirs.lines, strict=True):
            np.testing.assert_array_equal(one.y, other.y)
    assert is_experiment(tmp_path)


def test_the_page_shows_everything_and_escapes_it():
    page = render_experiment(record())
    assert "Wider &lt;is&gt; faster" in page
    assert "<is>" not in re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    for words in ("Is it?", "It is.", "Reproduced", "A paper, Figure 1", "width 500", "Training"):
        assert words in page
    assert "1 / largest eigenvalue" in page
    assert page.count('class="plot"') == 2
    assert "Not reproduced" in render_experiment(record(holds=False))
    assert "Cannot say" in render_experiment(record(holds=None))


def test_writing_needs_an_experiment(tmp_path):
    with pytest.raises(StorageError):
        write_experiment(tmp_path)
    record().save(tmp_path)
    page = write_experiment(tmp_path)
    assert page.read_text(encoding="utf-8") == render_experiment(record())


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_page_loads_clean(browser, tmp_path, width, scheme):
    record().save(tmp_path)
    browser.open(write_experiment(tmp_path), width, scheme=scheme)
    plots = "[...document.querySelectorAll('.plot')]"
    drawn = f"{plots}.map((p) => p.querySelectorAll('.scatterlayer .trace').length)"
    assert browser.evaluate(drawn) == [2, 2]
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.complaints() == []
    assert browser.requests() == []


def test_the_rate_of_a_geometric_decay():
    times = np.arange(101.0)
    eta, rate = 0.1, 0.37
    falling = Series(times, 5.0 * (1 - eta * rate) ** (2 * times))
    assert decay(falling, eta, 0.0, 1.0) == pytest.approx(rate, rel=1e-12)
    assert decay(falling, eta, 0.9, 1.0) == pytest.approx(rate, rel=1e-12)
    flow = Series(times, 5.0 * np.exp(-2 * rate * times))
    assert decay(flow, None, 0.0, 1.0) == pytest.approx(rate, rel=1e-12)
    assert decay(Series(times, np.ones(101)), eta, 0.0, 1.0) is None
    assert decay(Series(times[:2], falling.values[:2]), eta, 0.0, 1.0) is None
    assert decay(Series(times, np.full(101, np.nan)), eta, 0.0, 1.0) is None


def test_the_report_compares_rate_and_eigenvalues(records):
    good = records.good()
    assert "How fast, and how fast predicted" not in render(good)
    times = np.arange(101.0)
    eta = good.trajectory.step_size
    # A loss of smoothness 1/50 moves fifty times as slowly.
    values = (1 - eta / 50 * 2.0) ** (2 * times)
    series = {**good.trajectory.series, "squared_residual": Series(times, values)}
    series["feature_gram_smallest"] = Series(times, np.linspace(3.0, 2.5, 101))
    trajectory = dataclasses.replace(good.trajectory, series=series)
    facts = {**good.problem, "loss_smoothness": 1 / 50}
    page = render(dataclasses.replace(good, trajectory=trajectory, problem=facts))
    part = page[page.index('id="rates"') : page.index('id="data"')]
    numbers = [float(x) for x in re.findall(r'<data value="([^"]+)"', part)]
    assert numbers[:2] == pytest.approx([2.0, 2.0], rel=1e-9)
    assert numbers[-1] == 2.5
    assert good.spectra["limit_ntk"][0] in numbers


def test_well_posedness_has_a_level_to_be_held_against(records):
    good = records.good()
    times = np.arange(5.0)
    series = {**good.trajectory.series, "scaled_operator_norm": Series(times, np.full(5, 0.2))}
    trajectory = dataclasses.replace(good.trajectory, series=series)
    changed = dataclasses.replace(
        good,
        trajectory=trajectory,
        network_checks=(Check("start: L ||W||", 0.2, 1.0, Sense.LESS),),
    )
    (plot,) = [p for p in timelines(changed) if p.title.startswith("Well-posedness: operator")]
    (level,) = [line for line in plot.lines if line.promised]
    assert (level.y == 1.0).all()
    assert (level.x[0], level.x[-1]) == (0.0, 4.0)
    page = render(changed)
    assert "Checks of the network" in page
    assert "Checks of the network" not in render(good)
