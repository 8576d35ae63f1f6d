"""The figures of a store say what its runs say."""

import dataclasses
import json
import re

import numpy as np
import plotly.graph_objects as go
import pytest

from surefit.core.laws import success_interval, width_threshold
from surefit.errors import InvalidInputError
from surefit.report.figures.collection import (
    general_charts,
    overlay_charts,
    remarks,
    success_charts,
)
from surefit.report.figures.demanded import Demand
from surefit.report.figures.families import Family, families
from surefit.report.figures.overlays import MOST, curves_chart
from surefit.report.figures.phase import phase_chart
from surefit.report.figures.scale import edges, even_on_log, ticks
from surefit.report.figures.store import traces_of, view
from surefit.report.figures.thresholds import threshold_chart
from surefit.report.figures.traces import RunTraces
from surefit.report.site.plotly_chart import chart_json


@pytest.fixture(scope="module")
def seen(store):
    return view(store)


@pytest.fixture(scope="module")
def traces(seen):
    return traces_of(seen)


def rows(widths=(8, 16, 32), sizes=(10, 20), seeds=4, reach=1.0):
    """Runs that converge from width `reach` times the number of samples on."""
    return [
        {"run_id": f"{m}-{n}-{s}", "kind": "certify", "status": "done", "data": "d", "width": m,
         "samples": n, "seed": s, "converged": m >= reach * n, "proved": False, "method": "gd",
         "steps": 1000.0 / m, "rate_measured": float(np.exp(-0.01 * m)), "rate_kernel": None}
        for m in widths for n in sizes for s in range(seeds)
    ]  # fmt: skip


def family(**more):
    return families(rows(**more))[0]


def labels(chart):
    return [mark.label for mark in chart.marks]


def test_families_differ_in_more_than_width_samples_and_seed(seen):
    assert [len(item.rows) for item in seen.families] == [72, 2]
    assert seen.families[0].values("width") == (8, 16, 32, 64, 128, 256)
    assert [row["status"] for row in seen.failures] == ["unreadable", "failed"]
    deeper = [{**row, "depth": 2} for row in rows()]
    both = families([*rows(), *deeper, *deeper])
    assert [item.label for item in both] == ["d, depth 2", "d"]


def test_cells_count_the_runs(seen):
    cells = phase_chart(seen.families[0], "converged").cells
    for row, width in zip(cells.words, cells.y, strict=True):
        for word, samples in zip(row, cells.x, strict=True):
            runs = [
                r for r in seen.families[0].rows if (r["width"], r["samples"]) == (width, samples)
            ]
            assert word == f"{sum(r['converged'] for r in runs)}/{len(runs)}"
    low, high = success_interval(3, 3)
    assert (
        f"width 256: 3 of 3 succeeded (probability {low:.2f} to {high:.2f})" in cells.texts[-1][0]
    )


def test_boundaries_are_those_of_the_laws(seen):
    chart = phase_chart(seen.families[0], "converged")
    (line,) = [mark for mark in chart.marks if mark.label == "probability 0.9"]
    runs = [row for row in seen.families[0].rows if row["samples"] == 20]
    widths = sorted({row["width"] for row in runs})
    hits = [sum(row["converged"] for row in runs if row["width"] == m) for m in widths]
    expected = width_threshold(widths, hits, [3] * len(widths), 0.9)
    at = line.x.tolist().index(20.0)
    assert (line.y[at], line.low[at], line.high[at]) == pytest.approx(
        (expected.value, expected.low, expected.high)
    )


def test_what_theorems_ask_for_is_a_curve_inside_and_a_sentence_outside():
    some = family(widths=(8, 16, 32, 64), seeds=20)
    demands = [(float(n), (Demand("near", 1.5 * n, False), Demand("far", 1e6 * n, True)))
               for n in (10, 20)]  # fmt: skip
    chart = phase_chart(some, "converged", demands)
    assert "near asks for" in labels(chart)
    assert not [label for label in labels(chart) if label.startswith("far")]
    (table,) = [t for t in chart.tables if "published" in t.caption]
    near, (name, least, most, hidden) = table.rows
    assert near[0] == "near"
    assert (name, hidden) == ("far", "taken to be 1")
    # 10 samples need about 11 networks wide, 20 about 23: the middles of the brackets.
    assert least == pytest.approx(2e7 / np.sqrt(16 * 32), rel=0.01)
    assert most == pytest.approx(1e7 / np.sqrt(8 * 16), rel=0.01)
    (note,) = [note for note in chart.notes if "no place in this picture" in note]
    assert "no place in this picture: 1." in note
    assert "times the width that was enough: far" in note


def test_the_law_of_the_width_is_fitted():
    some = family(widths=tuple(2**k for k in range(2, 10)), sizes=(6, 12, 24, 48), seeds=20)
    chart = threshold_chart(some, "converged")
    (note,) = [n for n in chart.notes if n.startswith("With probability 0.9 ")]
    assert "grows like n to the power 1 (" in note
    assert "4 numbers of samples" in note
    assert [mark.kind for mark in chart.marks] == ["points", "band", "line"] * 2


def test_one_number_of_samples_has_a_curve_and_a_remark():
    some = family(sizes=(20,))
    chart = phase_chart(some, "converged")
    assert chart.cells is None
    np.testing.assert_array_equal(chart.marks[0].y, [0, 0, 1])
    assert "All runs have 20 samples; a phase diagram needs two or more" in chart.about
    assert threshold_chart(some, "converged") is None
    assert any("no law in the number of samples" in text for text in remarks(some))


def test_one_width_has_a_curve_over_samples_and_a_remark():
    some = family(widths=(16,))
    chart = phase_chart(some, "converged")
    assert chart.x_axis == "samples n"
    np.testing.assert_array_equal(chart.marks[0].y, [1, 0])
    assert any("one width" in text for text in remarks(some))


def test_one_seed_is_said():
    assert any("one seed" in text for text in remarks(family(seeds=1)))


def test_steps_and_rates_are_powers_of_the_width():
    charts = {chart.ident: chart for chart in general_charts(family(sizes=(4, 8)), {})}
    assert "power −1 (−1 to −1), by 12 runs" in charts["steps"].notes[0]
    # The exponent 0.01 m of exp(-0.01 m).
    assert "power 1 (1 to 1), by 12 runs" in charts["rate"].notes[0]


def test_where_nothing_converged_there_is_no_choice_of_it():
    assert list(success_charts(family(), {})) == ["converged"]
    assert list(success_charts(family(reach=99.0), {})) == ["converged"]


def test_kernel_runs_and_experiments_have_other_figures():
    kernels = tuple(
        {**row, "kind": "kernel", "width": None, "lambda_min_limit": 1.0 / row["samples"]}
        for row in rows()
    )
    some = Family(0, "kernels", "kernel", kernels, "kernels")
    line = (np.arange(1.0, 4), np.array([3.0, 2.0, 1.0]))
    traces = {r["run_id"]: RunTraces(r["run_id"], None, 10.0, None, spectra={"ntk": line})
              for r in kernels}  # fmt: skip
    assert success_charts(some, traces) == {}
    assert [chart.ident for chart in general_charts(some, traces)] == ["eigenvalues", "spectra"]
    assert "no phase diagram" in remarks(some)[0]
    assert "figures of their own" in remarks(Family(0, "e", "experiment", kernels, "e"))[0]


def test_curves_have_their_predictions_and_choices(seen, traces):
    charts = overlay_charts(seen.families[0], traces)
    assert list(charts) == ["8", "12", "20", "30"]
    curves, spectra = charts["12"]
    assert {"predicted curve", "proved bound", "width 8", "width 256"} <= set(labels(curves))
    assert [item.key for item in curves.filters] == ["width", "seed"]
    assert spectra.filters[0].values == ("at the start", "at the end")
    # 18 runs at the start, and the limit of infinite width.
    assert len(spectra.shown()) == 19


def test_of_very_many_runs_every_width_keeps_its_first_seeds():
    x = np.arange(3.0)
    runs = [RunTraces(f"{m}-{s}", float(m), 10.0, s, x=x, y=x + 1)
            for m in (8, 16) for s in range(MOST)]  # fmt: skip
    chart = curves_chart(runs, 10.0)
    assert len(chart.marks) == MOST
    assert {(m.by["width"], int(m.by["seed"]) < MOST // 2) for m in chart.marks} == {
        ("8", True),
        ("16", True),
    }
    assert f"{MOST} of {2 * MOST} runs are drawn" in chart.notes[0]


def test_every_chart_is_valid_plotly(seen, traces):
    for some in seen.families:
        charts = [
            *(c for found in success_charts(some, traces).values() for c in found),
            *general_charts(some, traces),
            *(c for found in overlay_charts(some, traces).values() for c in found),
        ]
        assert charts
        for chart in charts:
            drawn = chart_json(chart)
            text = json.dumps({"data": drawn["data"], "layout": drawn["layout"]}, allow_nan=False)
            go.Figure(json.loads(re.sub(r"var\(--[a-z0-9-]+\)(33)?", "#123456", text)))


def test_an_axis_has_the_scale_on_which_its_values_are_spread_evenly():
    assert even_on_log((8, 16, 32, 64))
    assert not even_on_log((20, 40, 60, 80, 100))
    assert even_on_log((10, 100))
    assert not even_on_log((10, 20))


def test_cells_meet_halfway_and_ticks_keep_apart():
    np.testing.assert_allclose(edges((8, 32), True), [4, 16, 64])
    np.testing.assert_allclose(edges((1, 2, 4), False), [0.5, 1.5, 3, 5])
    assert ticks(tuple(range(1, 101)), False) == [1, 12, 23, 34, 45, 56, 67, 78, 89, 100]


def test_a_directory_without_runs_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="must be given a run or a directory that holds"):
        view(tmp_path)


def test_a_name_that_leaves_the_store_is_no_run(seen):
    row = dict(seen.families[0].rows[0])
    assert seen.directory(row) is not None
    assert seen.directory({**row, "run_id": f"../{seen.root.name}/{row['run_id']}"}) is None
    assert dataclasses.replace(seen, rows=({**row, "run_id": ".."},)).runs == []


def test_a_long_label_is_short_in_menus_and_whole_in_captions():
    rows = [
        {"kind": "certify", "data": "digits", "network": "resnet", "activation": "relu", "depth": d,
         "preprocess": "standardise append_coordinate unit_norm centre " * d, "tau": f"1/{d}"}
        for d in (2, 3)
    ]  # fmt: skip
    found = families(rows)
    assert all(len(family.label) <= 90 and family.label.endswith("…") for family in found)
    assert all(family.whole.endswith(", tau 1/2") or "tau 1/3" in family.whole for family in found)
    assert all(family.whole.startswith(family.label[:-1]) for family in found)
