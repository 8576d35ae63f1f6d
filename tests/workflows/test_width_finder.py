"""The smallest width at which descent succeeds: search, trials, resumption, record."""

import dataclasses
import math

import numpy as np
import pytest

import surefit as sf
from surefit.core.experiment import ExperimentRecord
from surefit.core.trajectory import Series, Status
from surefit.errors import InvalidInputError
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.workflows.preparation import prepare_bench
from surefit.workflows.width_finder import FoundWidth, Probe, find_width, probe
from surefit.workflows.width_finder.bracketing import bracket, width_grid
from surefit.workflows.width_finder.budget import Budget, plan
from surefit.workflows.width_finder.found import asked_powers, width_law
from surefit.workflows.width_finder.outcome import Outcome, outcome

TINY = {
    "classes": (0, 1),
    "samples": (4, 6),
    "activation": "relu",
    "target_loss": 0.02,
    "seeds": 2,
    "steps": 200,
    "probability": 0.6,
    "largest_width": 16,
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def found(store):
    return find_width(out=store, **TINY)


def test_the_search_finds_where_the_answer_changes():
    grid = width_grid(2, 300)
    assert grid[:4] == [2, 4, 6, 8] and all(width % 2 == 0 for width in grid) and grid[-1] <= 300
    for truth in (1, 7, 40, 290):
        for start in (2, 33, 1000):
            asked = []

            def succeeds(width, truth=truth, asked=asked):
                asked.append(width)
                return width >= truth

            low, high = bracket(grid, start, succeeds)
            assert high == min(width for width in grid if width >= truth)
            assert low == max((width for width in grid if width < truth), default=None)
            assert len(asked) == len(set(asked)) <= 11
    assert bracket(grid, 20, lambda width: False) == (grid[-1], None)
    assert width_grid(64, 10) == [64]


def test_trials_are_those_of_single_runs(found):
    spec = WidthFinderSpec.parse(TINY)
    sizes = dict(zip(spec.sizes, found.sizes, strict=True))
    for samples, size in sizes.items():
        for trial in size.probes:
            bench = prepare_bench(spec.certify(samples, trial.width, spec.seed, spec.steps))
            for seed in range(trial.trials):
                _, run = sf.train(
                    bench.problem,
                    bench.problem.init(seed),
                    steps=spec.steps,
                    target_loss=spec.target_loss,
                    monitors=[],
                    seed=seed,
                )
                reached = run.status is Status.TARGET_REACHED
                assert (trial.outcomes[seed] is Outcome.REACHED) == reached
                assert trial.steps[seed] == run.steps
                # On a CPU the runs are the same, bit for bit.
                assert trial.losses[seed] == run["loss"].last


def test_the_outcome_is_enclosed_by_what_was_tried(found):
    first, last = found.sizes
    shares = {trial.width: trial.successes / trial.trials for trial in first.probes}
    failing = [width for width, share in shares.items() if share < 0.6]
    enough = [width for width, share in shares.items() if share >= 0.6]
    assert max(failing) < min(enough)
    assert first.threshold.sense == "bracketed"
    assert 0.0 < first.low <= first.threshold.value <= first.width < first.high + 2
    assert max(failing) <= first.width and first.width % 2 == 0
    # Not even the widest network succeeds often enough.
    assert last.probes[-1].width == 16 and last.probes[-1].successes < 2
    assert last.threshold.sense == "above" and last.width is None
    assert (found.width, found.low, found.high) == (None, last.low, math.inf)


def test_draws_are_added_where_the_interval_does_not_decide():
    def trial(reached, made):
        kinds = (Outcome.REACHED,) * reached + (Outcome.SLOW,) * (made - reached)
        return Probe(9, 8, kinds, (1,) * made, (0.0,) * made)

    assert trial(0, 5).decided(0.9, 0.95) and not trial(4, 5).decided(0.9, 0.95)
    assert not trial(20, 20).decided(0.9, 0.95) and trial(40, 40).decided(0.9, 0.95)
    assert trial(0, 0).interval(0.95) == (0.0, 1.0)


def test_the_record_tells_it(found):
    record = found.record
    assert sf.workflows.width_finder.find_width is find_width
    assert record.name == "width_finder" and record.spec["experiment"] == "width_finder"
    assert len(record.rows) == sum(len(size.probes) for size in found.sizes)
    for row in record.rows:
        assert row[2] == sum(row[3:7]) and 0.0 <= row[7] <= row[3] / row[2] <= row[8] <= 1.0
    assert "Descent reaches the loss 0.02 with probability 0.6" in record.verdict
    assert [panel.name for panel in record.panels] == ["success", "growth"]
    assert record.facts["width that song_yang_2019 asks for, 6 samples"].startswith("36: ")
    assert float(record.facts["power of the number of samples, song_yang_2019"]) == 2.0
    assert record.command.startswith("surefit width --classes 0 1 --samples 4 6")
    parsed = WidthFinderSpec.parse({**TINY, "samples": [4, 6]})
    assert record.spec == parsed.canonical() and found.directory.name == parsed.run_id


def test_a_finished_search_is_found_again(found, store, monkeypatch):
    monkeypatch.setattr(probe, "train_many", None)  # nothing is trained
    again = find_width(out=store, **TINY)
    assert again.reused and not found.reused
    assert again.sizes == found.sizes
    assert again.record.verdict == ExperimentRecord.load(found.directory).verdict


def test_an_interrupted_search_goes_on(found, tmp_path, monkeypatch):
    real, calls = probe.train_many, []

    def counted(*arguments, **options):
        if len(calls) == 3:
            raise KeyboardInterrupt
        calls.append(options["seeds"])
        return real(*arguments, **options)

    monkeypatch.setattr(probe, "train_many", counted)
    with pytest.raises(KeyboardInterrupt):
        find_width(out=tmp_path, **TINY)
    assert not [path for path in tmp_path.iterdir() if path.name != ".incomplete"]

    def more(*arguments, **options):
        calls.append(options["seeds"])
        return real(*arguments, **options)

    monkeypatch.setattr(probe, "train_many", more)
    resumed = find_width(out=tmp_path, **TINY)
    assert resumed.sizes == found.sizes
    # Every trial was made once.
    assert sum(map(len, calls)) == sum(t.trials for size in found.sizes for t in size.probes)
    for name in ("result.json", "widths.json", "table.csv", "curves.csv"):
        assert (resumed.directory / name).read_bytes() == (found.directory / name).read_bytes()


def test_why_runs_fail():
    task = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
    params, times = task.init(0), np.arange(101.0)

    def kind(losses, status=Status.STEPS_DONE, target=1e-9):
        return outcome(task, params, status, Series(times, losses), 0.01, target)

    values = np.linalg.eigvalsh(np.asarray(task.gram(params)))
    assert kind(times, Status.TARGET_REACHED) is Outcome.REACHED
    assert kind(times, Status.DIVERGED) is Outcome.DIVERGED
    # As fast as predicted: twice the slowest rate is the pace of the logarithm of the loss.
    assert kind(np.exp(-2 * 0.01 * values[1] * times)) is Outcome.SLOW
    assert kind(np.exp(-0.1 * 0.01 * values[0] * times)) is Outcome.STUCK
    assert kind(np.full(101, 0.3)) is Outcome.STUCK
    # At this pace it would take more than a hundred times the steps.
    assert kind(np.exp(-1e-4 * times), target=1e-9) is Outcome.STUCK


def test_steps_come_from_the_kernel_of_infinite_width():
    fields = {**TINY, "steps": None, "target_loss": 1e-4, "largest_width": 4096}
    budget = plan(WidthFinderSpec.parse(fields), 9)
    assert budget.samples == 9 and budget.unit == 2 and budget.start == 12
    assert budget.steps == max(1000, 100 * math.ceil(4 * budget.predicted / 100))
    # A very wide network takes as many steps as that kernel predicts.
    bench = prepare_bench(WidthFinderSpec.parse(fields).certify(9, 1024, 0, 2000))
    _, run = sf.train(bench.problem, bench.params, steps=2000, target_loss=1e-4, monitors=[])
    assert abs(run.steps / budget.predicted - 1.0) < 0.2
    assert plan(WidthFinderSpec.parse({**fields, "steps": 7, "width": 31}), 6).start in (30, 32)


def test_the_law_of_the_width():
    def size(n, value, low, high, sense="bracketed"):
        threshold = sf.core.laws.Threshold(value, low, high, 0.9, sense)
        return FoundWidth(Budget(n, 2, 8, 10, None), threshold, (Probe(n, 8),))

    sizes = [size(n, n**1.5, n**1.5 / 1.2, n**1.5 * 1.2) for n in (10, 20, 40)]
    law = width_law(sizes, 0.95)
    assert law.exponent == pytest.approx(1.5) and law.points == 3
    assert 1.0 < law.exponent_low < 1.4 and 1.6 < law.exponent_high < 2.0
    # What has no upper end is left out.
    assert width_law([*sizes, size(80, 99.0, 90.0, math.inf, "unclear")], 0.95) == law
    assert width_law(sizes[:1], 0.95) is None
    assert size(10, 64.0, 64.0, math.inf, "above").width is None
    assert size(10, 31.2, 30.0, 33.0).width == 32
    assert asked_powers(sizes[:1]) == {}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "target_loss=...)` must be given"),
        ({"target_loss": 1.0, "samples": [5, 5]}, "must be different numbers"),
        ({"target_loss": 1.0, "method": "gradient_flow"}, "must be one of auto"),
        ({"target_loss": 1.0, "probability": 1.0}, "above 0 and below 1"),
        ({"target_loss": 1.0, "samples": [1]}, "whole numbers of at least 2"),
        ({"target_loss": 1.0, "tau": 1.0}, "must go with network resnet"),
        ({"target_loss": 1.0, "polish": True}, "must have a known name"),
    ],
)
def test_faulty_fields_are_explained(values, message):
    with pytest.raises(InvalidInputError) as caught:
        WidthFinderSpec.parse(values)
    assert message in str(caught.value)


def test_equal_searches_have_equal_names():
    one = WidthFinderSpec.parse({"target_loss": 1e-3, "samples": 50, "network": "fc"})
    other = WidthFinderSpec.parse({"target_loss": 0.001, "samples": ["50"], "network": "fc"})
    assert one.run_id == other.run_id and one.activation == "tanh"
    assert one.canonical()["activation"] == "relu"  # the default of that network
    assert dataclasses.is_dataclass(FoundWidth)
    assert WidthFinderSpec.parse({"target_loss": 1e-4, "samples": 50}).run_id != one.run_id
