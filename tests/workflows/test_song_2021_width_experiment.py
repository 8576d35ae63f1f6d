"""The experiment on required widths: orders on exact powers, a tiny run, and the real one."""

import json

import numpy as np
import pytest

from surefit.activations import Gelu
from surefit.core.experiment import ExperimentRecord
from surefit.errors import InvalidInputError
from surefit.runs.experiments import Song2021WidthSpec
from surefit.theory.shallow import descent, required_width, typical_start
from surefit.workflows.experiments import run
from surefit.workflows.experiments.song_2021_width import samples_of
from surefit.workflows.experiments.song_2021_width_checks import FORMS, orders, width_checks

TINY = {"inputs": (6, 8, 10), "repeats": 1}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run("song2021-width", tmp_path_factory.mktemp("runs"), **TINY)


def exact(orders_of):
    """Widths that follow powers of n exactly."""
    return [
        {"inputs": float(d), "samples": d * d / 3}
        | {key: 7.0 * (d * d / 3) ** order / d for key, order in orders_of.items()}
        for d in (16, 24, 40)
    ]


def test_orders_of_exact_powers_are_found_and_wrong_ones_fail():
    truth = {key: form.order for key, form in FORMS.items()}
    slopes = orders(exact(truth))
    for key, order in truth.items():
        assert slopes[key] == pytest.approx((order, 0.0), abs=1e-9)
    assert all(check.holds for check in width_checks(slopes, "song"))
    off = orders(exact({key: order + 0.15 for key, order in truth.items()}))
    assert all(check.holds is False for check in width_checks(off, "song"))
    assert all(check.holds is None for check in width_checks(slopes, "he"))


def test_a_tiny_experiment_leaves_curves_table_and_checks(finished):
    record = ExperimentRecord.load(finished.directory)
    assert [panel.name for panel in record.panels] == ["parameters", "width"]
    assert [row[:2] for row in record.rows] == [(6, 12), (8, 21), (10, 33)]
    titles = [line.label for line in record.panels[0].lines]
    assert titles == [*(form.title for form in FORMS.values()), "d_1 = n"]
    assert len(record.checks) == 4
    for parameters, width in zip(*(panel.lines for panel in record.panels), strict=True):
        np.testing.assert_allclose(parameters.y, [6, 8, 10] * width.y)
    assert record.command == "surefit experiment song2021-width --inputs 6 8 10 --repeats 1"
    json.loads((finished.directory / "result.json").read_text(encoding="utf-8"))


def test_a_width_is_that_of_the_theory(finished):
    x = np.random.default_rng([0, 6, 0]).normal(size=(12, 6))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    start = typical_start(Gelu(), x, np.full((12, 1), 12**-0.5), "song")
    expected = required_width(start, descent, at_least_samples=False)
    column = finished.record.columns.index("d_1, paper's form, output weights proved")
    assert finished.record.rows[0][column] == pytest.approx(expected, rel=1e-12)


def test_what_was_computed_is_read_again(tmp_path, monkeypatch, finished):
    from surefit.workflows.experiments import song_2021_width

    original, calls = song_2021_width.typical_start, []

    def fails_at_the_third(*arguments):
        if len(arguments[1]) > 2:  # two are tried before the experiment begins
            calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(*arguments)

    monkeypatch.setattr(song_2021_width, "typical_start", fails_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        run("song2021-width", tmp_path, **TINY)
    calls.extend([None] * 10)
    assert run("song2021-width", tmp_path, **TINY).record.rows == finished.record.rows
    # Three before, one after: the first two sizes were kept.
    assert len([call for call in calls if call is not None]) == 4


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"inputs": (16, 20)}, "list three or more whole numbers of at least 2"),
        ({"inputs": (20, 16, 12)}, "in increasing order"),
        ({"density": 0}, "be a finite number above 0"),
    ],
)
def test_faults_of_the_spec_are_explained(fields, words):
    with pytest.raises(InvalidInputError) as caught:
        Song2021WidthSpec.parse(fields)
    assert words in str(caught.value)


def test_samples_follow_the_square_of_the_inputs():
    assert [samples_of(Song2021WidthSpec(), d) for d in (16, 40)] == [85, 533]


@pytest.mark.slow
def test_the_orders_of_the_paper_and_of_the_sharp_form(tmp_path):
    record = run("song2021-width", tmp_path).record
    assert record.holds is True, record.verdict
