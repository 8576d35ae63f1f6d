"""Width, step and iterations that results ask for: as recorded, on the page, on the terminal."""

import dataclasses
import io
import json
import re

import numpy as np
import pytest
from rich.console import Console

import surefit as sf
from surefit.cli.demand_table import print_demands
from surefit.core.demands import Demands
from surefit.core.jsonable import dumps
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.report.demands import demand_tables
from surefit.theory import Setting
from surefit.theory.requirements import requirements
from surefit.workflows.deep_demands import deep_demands

X = np.hstack([np.eye(4), np.ones((4, 1))]) / np.sqrt(2)


def run(*losses, status=Status.STEPS_DONE, step=0.01):
    series = {"loss": Series(np.arange(float(len(losses))), np.array(losses, float))}
    return Trajectory("gradient_descent", step, len(losses) - 1.0, series, status)


def setting(network=None, loss=None, **options):
    network = sf.models.fully_connected(32, 2) if network is None else network
    problem = sf.Problem(network, X, np.array([1.0, -1.0, 1.0, -1.0]), loss)
    return Setting(problem, problem.init(0), 0.01, **options)


@pytest.fixture(scope="module")
def descent():
    return setting()


@pytest.fixture(scope="module")
def found(descent):
    return deep_demands(descent, run(4.0, 1.0, 0.25, 0.05))


def test_what_the_run_took_is_enough(found):
    assert (found.target_loss, found.width, found.step) == (0.05, 32.0, 0.01)
    assert (found.iterations, found.measured) == (3.0, True)


def test_rows_are_those_of_the_solver(descent, found):
    solved = requirements(descent, 0.05, run=run(4.0, 1.0, 0.25, 0.05))
    assert [row.result for row in found.rows] == [item.row.result for item in solved.demands]
    names = {row.result for row in found.rows}
    assert {"allen_zhu_2019", "zou_gu_2019", "du_2019", "nguyen_2021"} <= names
    for row, item in zip(found.rows, solved.demands, strict=True):
        assert row.conditions == tuple((r.formula, r.width) for r in item.row.requirements)
        assert row.binding == item.row.binding.formula
        assert (row.width, row.step, row.iterations) == (
            item.row.width, item.half_step, item.iterations,
        )  # fmt: skip
        assert row.gaps["width"] == pytest.approx(row.width / 32.0)
        if row.step is not None:
            assert row.gaps["step"] == pytest.approx(0.01 / row.step)
            assert row.gaps["iterations"] == pytest.approx(row.iterations / 3.0)


def test_steps_are_those_of_the_loss_of_the_run(descent):
    """The sum of squares without its half has half the step."""
    half = deep_demands(descent, run(4.0, 0.5)).rows[0].step
    whole = deep_demands(setting(loss=sf.losses.SumSquared()), run(4.0, 0.5)).rows[0].step
    assert whole == pytest.approx(half / 2.0)


def test_a_flow_is_compared_with_what_the_kernel_predicts():
    found = deep_demands(setting(dynamics="gradient_flow"), run(2.0, 0.1))
    assert found.measured is False
    assert found.iterations == np.ceil(found.iterations) > 0


@pytest.mark.parametrize(
    ("network", "loss", "trajectory"),
    [
        (sf.models.two_layer(16), None, run(4.0, 0.5)),
        (None, sf.losses.LOSSES["logistic"](), run(4.0, 0.5)),
        (None, None, run(4.0, 4.0)),
        (None, None, run(4.0, 0.0)),
        (None, None, run(4.0, 1.0, status=Status.DIVERGED)),
    ],
)
def test_there_is_nothing_to_say_of_other_networks_and_runs(network, loss, trajectory):
    assert deep_demands(setting(network, loss), trajectory) is None


def test_it_survives_json(found):
    assert Demands.from_dict(json.loads(dumps(dataclasses.asdict(found)))) == found


def test_the_page_names_every_condition_and_the_one_that_binds(found):
    text = re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", demand_tables(found)))
    assert "enough here 32" in text and "what this run took" in text
    assert text.count("binds") == 1 + 1 + len(found.rows)  # sentence, head of the column, rows
    assert text.count("separateness") == sum(
        "separateness" in name for row in found.rows for name, _ in row.conditions
    )
    assert demand_tables(None) is None


def test_the_terminal_shows_sizes_and_gaps(found):
    console = Console(file=io.StringIO(), width=110)
    print_demands(console, found)
    lines = console.file.getvalue().splitlines()
    (nguyen,) = [line.split() for line in lines if "nguyen_2021" in line]
    assert nguyen == ["nguyen_2021", "64", "2", "-", "-", "-", "-"]
    assert any("width from" in line and "n^24" in line for line in lines)
    assert "(enough)" in console.file.getvalue()
