"""`surefit sweep`: what it asks of the engine, what it shows, and its exit codes."""

import io
import math
from pathlib import Path

import pytest
from rich.console import Console

from surefit import workflows
from surefit.cli.sweeping import progress as progress_module
from surefit.cli.sweeping.costs import Costs, words
from surefit.cli.sweeping.law import find_series, width_words
from surefit.cli.sweeping.show import LinesProgress, LiveProgress
from surefit.core.jsonable import write_json
from surefit.core.laws import width_threshold
from surefit.errors import MemoryLimitError
from surefit.runs import Store
from surefit.runs.grid import GridSpec
from surefit.workflows.sweeps import SweepOutcome

GRID = """
[base]
classes = [0, 1]
[grid]
width = [4, 16, 64]
samples = [10, 20]
seed = { count = 2 }
[sweep]
probability = 0.5
"""


def publish(spec, out):
    """A finished run, as far as the store looks."""
    path = Path(out) / spec.run_id
    path.mkdir(parents=True)
    write_json(path / "spec.json", spec.canonical())
    write_json(path / "timings.json", {"total": 2.0})
    return path


class Engine:
    """Finishes every cell in its own way, and remembers what it was asked."""

    def __init__(self, broken=(), interrupt_after=math.inf, raises=None):
        self.broken, self.interrupt_after, self.raises = broken, interrupt_after, raises
        self.asked = []

    def __call__(self, cells, out, *, listener, retry_failed, **options):
        self.asked.append({"cells": cells, "retry_failed": retry_failed, **options})
        store = Store(out)
        before = set() if retry_failed else {one.run_id for one in store.failures()}
        left = [spec for spec in cells if store.find(spec) is None]
        failed = [spec.run_id for spec in left if spec.run_id in before]
        reused = len(cells) - len(left)
        listener.planned(len(cells), reused, len(failed), None)
        finished = 0
        for spec in left:
            if finished >= self.interrupt_after:
                return SweepOutcome(finished, reused, tuple(failed), True, 1.0)
            if spec.run_id in before:
                continue
            if self.raises is not None:
                raise self.raises
            listener.started(spec.run_id, "worker 1")
            if spec.width in self.broken:
                told = {"error": "MemoryLimitError", "message": "it does not fit.\nNot at all."}
                store.record_failure(spec, **told)
                listener.failed(spec.run_id, *told.values())
                failed.append(spec.run_id)
            else:
                listener.finished(spec.run_id, publish(spec, out), 2.0)
                finished += 1
            listener.tick()
        return SweepOutcome(finished, reused, tuple(failed), False, 1.0)


@pytest.fixture
def engine(monkeypatch, tmp_path):
    """The engine of sweeps is replaced, and rows say that width >= samples is success."""

    def row(directory):
        from surefit.core.jsonable import read_json

        spec = read_json(Path(directory) / "spec.json")
        return {"samples": spec["samples"], "converged": spec["width"] >= spec["samples"]}

    monkeypatch.setattr(progress_module, "tidy_row", row)
    (tmp_path / "grid.toml").write_text(GRID, encoding="utf-8")

    def install(**options):
        made = Engine(**options)
        monkeypatch.setattr(workflows, "sweep", made)
        return made

    return install


def test_a_grid_runs_and_its_table_and_law_are_printed(engine, surefit):
    asked = engine()
    code, out, err = surefit("sweep", "grid.toml", "--workers", 2, "--memory-limit", "8GB")
    assert code == 0, out + err
    assert len(asked.asked[0]["cells"]) == 12
    assert asked.asked[0]["workers"] == 2 and asked.asked[0]["memory_limit"] == 8e9
    assert asked.asked[0]["dask"] is None and asked.asked[0]["retry_failed"] is False
    lines = [line.split() for line in out.splitlines()]
    assert ["4", "0/2", "0/2"] in lines
    assert ["16", "2/2", "0/2"] in lines
    assert ["64", "2/2", "2/2"] in lines
    assert "10 samples: 8 (" in out and "20 samples: 32 (" in out
    assert "Law: width = 0.08 samples^2.00, through 2 points" in out
    assert "12 of 12 cells are finished, 12 of them now" in out
    assert "surefit runs --out runs" in out and "surefit report runs" in out
    assert "0 of 12 done" in err


def test_the_same_command_again_computes_nothing(engine, surefit):
    engine()
    surefit("sweep", "grid.toml")
    code, out, _ = surefit("sweep", "grid.toml")
    assert code == 0
    assert "12 of 12 cells are finished." in out
    assert ["16", "2/2", "0/2"] in [line.split() for line in out.splitlines()]


def test_failures_are_told_in_a_line_each(engine, surefit):
    asked = engine(broken=(64,))
    code, out, err = surefit("sweep", "grid.toml", "--out", "some runs")
    assert code == 1
    assert "4 failed" in out and "8 of 12 cells are finished" in out
    assert out.count("MemoryLimitError: it does not fit.") == 4
    assert "Not at all" not in out + err
    assert "surefit sweep grid.toml --out 'some runs' --retry-failed" in out
    assert "surefit runs show digits-shallow-tanh-64-s0-" in out
    assert "failed: digits-shallow-tanh-64-s0-" in err
    code, out, _ = surefit("sweep", "grid.toml", "--out", "some runs")
    assert code == 1 and "8 of 12 cells are finished." in out
    asked.broken = ()
    code, out, _ = surefit("sweep", "grid.toml", "--out", "some runs", "--retry-failed")
    assert code == 0 and "12 of 12 cells are finished, 4 of them now" in out


def test_an_interruption_says_how_to_go_on(engine, surefit):
    engine(interrupt_after=3)
    code, out, err = surefit("sweep", "grid.toml")
    assert code == 3
    assert "run the same command again" in err and "finished" not in out
    engine(raises=KeyboardInterrupt())
    code, _, err = surefit("sweep", "grid.toml")
    assert code == 3 and "Traceback" not in err


def test_errors_of_the_engine_are_messages(engine, surefit):
    engine(raises=MemoryLimitError("nothing fits"))
    code, _, err = surefit("sweep", "grid.toml")
    assert code == 2 and "nothing fits" in err


def test_quiet_prints_the_result_only(engine, surefit):
    engine()
    code, out, err = surefit("sweep", "grid.toml", "--quiet")
    assert code == 0 and not err and "12 of 12" in out


def test_a_dry_run_says_what_would_run(engine, surefit, tmp_path):
    asked = engine(broken=(4,))
    surefit("sweep", "grid.toml")
    for spec in GridSpec.from_file("grid.toml").cells()[-2:]:  # as if they had never run
        (tmp_path / "runs" / spec.run_id / "spec.json").unlink()
    code, out, err = surefit("sweep", "grid.toml", "--dry-run")
    assert code == 0 and len(asked.asked) == 1, err
    told = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert told["Cells"] == "12 cells: 2 samples x 3 width x 2 seed"
    assert told["First"].startswith("samples = 10, width = 4, seed = 0: digits-shallow-tanh-4-s0-")
    assert told["Last"].startswith("samples = 20, width = 64, seed = 1: ")
    assert told["Finished"] == "6 in runs"
    assert told["Failed"] == "4, not tried again without --retry-failed"
    assert told["To"] == "run    2"
    assert "KiB in the largest cell, digits-shallow-tanh-64-" in told["Memory"]
    assert told["Time"] == "about 4 s of one worker, by the cells that are finished"
    _, out, _ = surefit("sweep", "grid.toml", "--dry-run", "--retry-failed", "--out", "other")
    assert "not known before a cell" in out


def test_the_options_of_the_file_hold_where_none_is_given(engine, surefit, tmp_path):
    asked = engine()
    more = GRID + 'workers = 3\ndask = "tcp://somewhere:1"\nmemory_limit = "1GiB"\n'
    (tmp_path / "grid.toml").write_text(more, encoding="utf-8")
    surefit("sweep", "grid.toml", "--workers", 1)
    assert asked.asked[0]["workers"] == 1
    assert asked.asked[0]["dask"] == "tcp://somewhere:1"
    assert asked.asked[0]["memory_limit"] == 2.0**30


def test_an_example_is_written_once(surefit, tmp_path):
    code, out, _ = surefit("sweep", "--init", "grid.toml")
    assert code == 0 and "surefit sweep grid.toml --out runs" in out
    assert len(GridSpec.from_file("grid.toml").cells()) == 90
    (tmp_path / "grid.toml").write_text("mine", encoding="utf-8")
    code, _, err = surefit("sweep", "--init", "grid.toml")
    assert code == 2 and "must name a new file" in err
    assert (tmp_path / "grid.toml").read_text(encoding="utf-8") == "mine"
    code, out, _ = surefit("sweep", "--init", "-")
    assert code == 0 and out.startswith("# A grid")
    code, _, err = surefit("sweep", "--init", "absent/grid.toml")
    assert code == 2 and "must name a file that can be written" in err


@pytest.mark.parametrize(
    ("grid", "arguments", "message"),
    [
        (None, (), "must name a grid file"),
        (None, ("absent.toml",), "Got absent.toml: No such file"),
        ("[grid]\nwidht = [1]", ("g.toml",), "g.toml, [grid] must name fields"),
        ("[grid]\nactivation = ['tanh', 'tahn']", ("g.toml",), "Did you mean 'tanh'?"),
        ("[grid]\nloss = ['sqared']", ("g.toml",), "loss must be a known name"),
        ("[grid]\nnetwork = ['shalow']", ("g.toml",), "Did you mean 'shallow'?"),
        ("[base]\nmonitors = ['los']", ("g.toml",), "Did you mean 'loss'?"),
        ("[base]\nnetwork = 'two_layer'\nactivation = 'relu'", ("g.toml",), "must have one output"),
        ("[grid]\nwidth = [1]", ("g.toml", "--workers", 0), "at least 1. Got 0"),
        ("[grid]\nwidth = [1]", ("g.toml", "--memory-limit", "much"), "must be a size above 0"),
        ("[grid]\nwidth = [1]", ("g.toml", "--dask", "there"), "must be an address"),
        ("[grid]\nwidth = [1]", ("g.toml", "--plugin", "p.py"), "`--plugin"),
    ],
)
def test_bad_input_is_refused_before_any_work(grid, arguments, message, engine, surefit, tmp_path):
    asked = engine()
    if grid is not None:
        (tmp_path / "g.toml").write_text(grid, encoding="utf-8")
    code, _, err = surefit("sweep", *arguments)
    assert code == 2
    assert message in err.replace("\n", " ")
    assert not asked.asked and not (tmp_path / "runs").exists()


def test_plugins_are_known_here_and_to_workers(engine, surefit, tmp_path, monkeypatch):
    from surefit.core import plugins

    monkeypatch.setenv(plugins.PLUGINS, "")
    engine()
    (tmp_path / "p.py").write_text("import sys\nsys.seen_by_sweep = True", encoding="utf-8")
    code, _, err = surefit("sweep", "grid.toml", "--plugin", "p.py")
    assert code == 0, err
    seen = []
    monkeypatch.setattr(plugins, "load_plugins", seen.extend)
    plugins.load_named_plugins()
    assert seen == [tmp_path / "p.py"]


def grid_with(**tables):
    return GridSpec.parse({"grid": {"width": [8, 64], "seed": {"count": 2}}, **tables})


def test_costs_are_those_of_cells_alike():
    cells = grid_with().cells()
    costs = Costs(cells)
    ids = [spec.run_id for spec in cells]
    assert costs.expect(ids) is None
    costs.learn(ids[0], 1.0)
    assert costs.expect(ids) == pytest.approx(4.0)
    costs.learn(ids[2], 100.0)
    assert costs.expect(ids[:1]) == pytest.approx(1.0, rel=1e-3)
    assert costs.expect(ids[2:]) == pytest.approx(200.0, rel=1e-3)


@pytest.mark.parametrize(("seconds", "text"), [(0.2, "1 s"), (600.0, "10 min"), (9000.0, "2.5 h")])
def test_durations(seconds, text):
    assert words(seconds) == text


def test_other_fields_make_series_of_their_own():
    cells = grid_with(zip=[{"activation": ["tanh", "gelu"], "weight_std": ["unset", 2.0]}]).cells()
    rows = {
        spec.run_id: {"samples": 30, "holds": spec.activation == "gelu" or None} for spec in cells
    }
    varied = ("activation", "weight_std", "width", "seed")
    tanh, gelu = find_series(cells, rows, varied, "holds")
    assert tanh.label == 'activation = "tanh", weight_std = unset'
    assert gelu.label == 'activation = "gelu", weight_std = 2.0'
    assert tanh.phase.successes.tolist() == [[0, 0]] and tanh.phase.trials.tolist() == [[2, 2]]
    assert gelu.phase.successes.tolist() == [[2, 2]]
    assert "no law yet" in gelu.law(0.9).words()


@pytest.mark.parametrize(
    ("successes", "text"), [([0, 0], "> 64"), ([2, 2], "<= 8"), ([0, 2], "23 (8 to ?)")]
)
def test_words_of_thresholds(successes, text):
    assert width_words(width_threshold([8, 64], successes, [2, 2], 0.9)) == text


def console(terminal):
    return Console(width=200, force_terminal=terminal, record=True, file=io.StringIO())


def test_lines_come_ever_more_rarely(engine, tmp_path):
    engine()
    now, screen = [0.0], console(False)
    shown = LinesProgress(grid_with(), tmp_path / "runs", screen, clock=lambda: now[0])
    for now[0] in range(0, 4000):
        shown.tick()
    lines = screen.export_text().splitlines()
    assert 15 < len(lines) < 25
    assert set(lines) == {"0 of 4 done, 0 running, 0 failed, 4 to go"}


def test_the_terminal_is_redrawn(engine, tmp_path):
    screen = console(True)
    grid = grid_with(base={"samples": 20})
    first, second, third, _ = grid.cells()
    with LiveProgress(grid, tmp_path / "runs", screen) as shown:
        engine()
        shown.planned(4, 0, 0, 60.0)
        shown.started(first.run_id, "worker 1")
        assert "about 60 s left" in shown.counts()
        shown.waiting(second.run_id, "2 GiB are free")
        shown.finished(first.run_id, publish(first, tmp_path / "runs"), 2.0)
        shown.started(second.run_id, "worker 1")
        shown.lost(second.run_id, "worker 1", "it was killed")
        shown.failed(third.run_id, "NumericalError", "no [b]luck")
        shown.tick()
        drawn = Console(width=200, record=True, file=io.StringIO())
        drawn.print(shown._drawn())
    text = screen.export_text()
    assert "waits: 2 GiB are free" in text and "runs again: it was killed" in text
    assert "NumericalError: no [b]luck" in text
    assert "1 of 4 done, 0 running, 1 failed, 2 to go, about 4 s left" in drawn.export_text()


@pytest.mark.slow
def test_cells_are_ordinary_runs(surefit, tmp_path):
    (tmp_path / "grid.toml").write_text(
        "[base]\nclasses = [0, 1]\nsteps = 2000\n[grid]\nwidth = [16, 32]\nsamples = [10]\n"
        "seed = { count = 2 }\n",
        encoding="utf-8",
    )
    code, out, err = surefit("sweep", "grid.toml", "--workers", 2)
    assert code == 0, out + err
    assert "4 of 4 cells are finished, 4 of them now" in out
    again = ("--classes", 0, 1, "--steps", 2000, "--width", 16, "--samples", 10)
    code, out, _ = surefit("certify", *again)
    assert "This run is finished already" in out
    assert not list((tmp_path / "runs").glob("*/report.html"))
    code, out, _ = surefit("sweep", "grid.toml", "--dry-run")
    assert "To run    0" in out
