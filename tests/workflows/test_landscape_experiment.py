"""The landscape experiment: what it leaves, that it resumes, and that its checks can fail."""

import dataclasses

import numpy as np
import pytest

import surefit as sf
from surefit.core.experiment import ExperimentRecord
from surefit.errors import InvalidInputError
from surefit.report import render_experiment
from surefit.runs.experiments import AllenZhu2019LandscapeSpec
from surefit.workflows.experiments import run
from surefit.workflows.experiments.landscape import _checks
from surefit.workflows.experiments.landscape_epochs import Iterate, _read, _write

NAME = "allen_zhu2019_landscape"
SMALL = {
    "samples": 20, "width": 8, "depth": 1, "step_size": 1e-3, "points": 5, "epochs": (0, 2),
    "products": 20,
}  # fmt: skip


class Ear(sf.workflows.Listener):
    def __init__(self):
        self.stages, self.steps = [], []

    def stage(self, message):
        self.stages.append(message)

    def training(self, step, steps, values):
        self.steps.append((step, steps))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    ear = Ear()
    return run(NAME, out, listener=ear, **SMALL), ear


def test_it_leaves_surfaces_cuts_a_table_and_checks(finished):
    done, ear = finished
    record = ExperimentRecord.load(done.directory)
    assert [surface.name for surface in record.surfaces] == ["epoch_0", "epoch_2"]
    assert [panel.name for panel in record.panels] == ["gradient", "curvature", "loss"]
    assert [row[0] for row in record.rows] == [0, 2]
    assert len(record.checks) == 2 * 2 + 1
    assert record.holds in (True, False)
    first = record.surfaces[0]
    assert first.z.shape == (5, 5)
    assert first.marked == (2, 2)
    # The problem anew: the height at the mark is the objective at the start.
    images = sf.data.load("digits")
    data = sf.data.prepare(
        images, ("append_coordinate",), samples=20, labels="one_hot", shuffle=True
    )
    problem = sf.Problem(sf.models.fully_connected(8, 1, outputs=10), data.x, data.y)
    start = problem.init(0)
    assert first.z[2, 2] == pytest.approx(float(problem.objective(start)), rel=1e-12)
    downhill = record.panels[0].lines[0]
    assert downhill.x[0] == downhill.y[0] == 0.0
    assert downhill.x[-1] == 1.0
    assert downhill.y.min() < 0.0
    numbers = dict(first.numbers)
    assert numbers["F falls in the plane by"] >= numbers["F falls along the gradient by"] > 0
    assert "--samples 20" in record.command
    assert "Map" in render_experiment(record)
    done = [step for step, steps in ear.steps if steps == 20 + 2 + 25]
    assert done.count(47) >= 2


def test_an_interrupted_experiment_goes_on(finished, tmp_path):
    class Stop(Ear):
        def stage(self, message):
            super().stage(message)
            if "Epoch 2: most negative" in message:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(NAME, tmp_path, listener=Stop(), **SMALL)
    assert not list(tmp_path.glob("allen*"))
    ear = Ear()
    done = run(NAME, tmp_path, listener=ear, **SMALL)
    assert not any("Epoch 0" in stage for stage in ear.stages)
    assert done.record.rows == finished[0].record.rows
    for one, other in zip(done.record.surfaces, finished[0].record.surfaces, strict=True):
        np.testing.assert_array_equal(one.z, other.z)


def test_a_step_that_is_too_long_is_a_check_that_fails(tmp_path):
    done = run(NAME, tmp_path, **{**SMALL, "step_size": 10.0})
    assert done.record.holds is False
    assert "training to epoch 2 leaves a point to draw" in done.record.verdict
    assert [surface.name for surface in done.record.surfaces] == ["epoch_0"]
    alone = run(NAME, tmp_path, **{**SMALL, "step_size": 10.0, "epochs": (2,)})
    assert alone.record.holds is False
    assert alone.record.verdict.startswith("Nothing was drawn")
    assert "Not reproduced" in render_experiment(alone.record)


def test_checks_fail_where_a_claim_fails(finished, tmp_path):
    scratch = tmp_path / "epoch-0.json"
    fields = {
        "epoch": 0, "complaint": "", "step_size": 0.1, "curve": np.zeros((2, 0)),
        "numbers": {"objective": 2.0}, "x": np.arange(3.0), "y": np.arange(3.0),
        "z": np.ones((3, 3)), "checks": finished[0].record.checks[:2],
    }  # fmt: skip
    first = Iterate(**fields)
    _write(scratch, first)
    again = _read(scratch)
    assert again.checks == first.checks
    np.testing.assert_array_equal(again.z, first.z)
    assert again.curve.shape == (2, 0)
    later = dataclasses.replace(first, epoch=3, numbers={"objective": 2.5}, checks=())
    (check,) = (c for c in _checks([first, later]) if c.name.startswith("F after"))
    assert check.holds is False
    assert all(c.holds for c in _checks([later, dataclasses.replace(first, checks=())]))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"points": 6}, "`AllenZhu2019LandscapeSpec(points=...)` must be an odd number"),
        ({"points": 1}, "Write for example `points = 3`"),
        ({"epochs": (5, 0)}, "list whole numbers of at least 0 in increasing order"),
        ({"epochs": ()}, "in increasing order"),
        ({"epochs": "5"}, "in increasing order"),
        ({"network": "transformer"}, "must be `fully_connected` or `residual`"),
        ({"loss": "hinge"}, "must be `half_squared` or `mean_cross_entropy`"),
        ({"smoothing": -1}, "must be a finite number of at least 0"),
        ({"width": 1}, "must be a whole number of at least 2"),
    ],
)
def test_faults_of_fields_are_explained(fields, words, tmp_path):
    with pytest.raises(InvalidInputError) as caught:
        run(NAME, tmp_path / "runs", **fields)
    assert words in str(caught.value)
    assert not (tmp_path / "runs").exists()


def test_every_choice_makes_another_run():
    base = AllenZhu2019LandscapeSpec.parse(SMALL)
    for change in ({"network": "residual"}, {"smoothing": 0.2}, {"loss": "mean_cross_entropy"}):
        assert AllenZhu2019LandscapeSpec.parse({**SMALL, **change}).run_id != base.run_id
