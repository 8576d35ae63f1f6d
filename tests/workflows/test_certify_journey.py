import numpy as np
import pytest

import surefit as sf
from surefit.core.record import RunRecord
from surefit.core.trajectory import Status
from surefit.workflows import Listener, certify


class Ear(Listener):
    def __init__(self):
        self.stages, self.steps = [], []

    def stage(self, message):
        self.stages.append(message)

    def training(self, step, steps, values):
        self.steps.append(step)
        assert np.isfinite(values["loss"])


def spec(**fields):
    base = {"samples": 20, "classes": (0, 1), "width": 32, "steps": 40}
    return sf.CertifySpec.parse({**base, **fields})


def test_the_journey_is_heard_and_leaves_a_record(tmp_path):
    ear = Ear()
    finished = certify(spec(), tmp_path, listener=ear)
    assert len(ear.stages) >= 4
    assert ear.steps[-1] == 40
    again = RunRecord.load(finished.directory)
    assert again.verdict == finished.record.verdict
    assert again.problem["parameters"] == 64 * 32 + 32
    assert set(again.spectra) == {"limit_ntk", "empirical_ntk_initial", "empirical_ntk_final"}
    assert {theorem.name for theorem in again.theorems} == set(sf.theory.THEOREMS)
    for theorem in again.theorems:
        for promise in theorem.prediction.promises:
            assert promise.monitor in again.trajectory.series
    assert certify(spec(), tmp_path).reused


def test_labels_that_no_network_fits_are_told_before_training(tmp_path):
    rows = "".join(f"{x},{y}\n" for x, y in [(1.5, 1), (2.5, 2), (-3.5, 3), (-4.5, 4)])
    (tmp_path / "t.csv").write_text(f"x,y\n{rows}")
    ear, options = Ear(), {"data": str(tmp_path / "t.csv"), "width": 8, "steps": 2}
    certify(sf.CertifySpec.parse(options), tmp_path, listener=ear)
    told = next(i for i, s in enumerate(ear.stages) if "equal inputs with different labels" in s)
    assert "After `centre unit_norm`" in ear.stages[told]
    assert told < next(i for i, stage in enumerate(ear.stages) if stage.startswith("Training"))


def test_a_target_loss_ends_training(tmp_path):
    finished = certify(spec(target_loss=1.0, steps=5000), tmp_path)
    assert finished.record.trajectory.status is Status.TARGET_REACHED
    assert finished.record.trajectory["loss"].last <= 1.0


@pytest.mark.parametrize(
    "fields",
    [
        {"method": "sgd", "batch_size": 5},
        {"method": "gradient_flow"},
        {"network": "two_layer", "activation": "relu", "antisymmetric": False},
        {"network": "multilayer", "depth": 2, "activation": "gelu"},
        {"classes": (0, 1, 2), "samples": 30, "loss": "half_mean_squared"},
        {"data": "diabetes", "classes": None},
        {"theorems": (), "monitors": ("loss",), "every": 10},
        {"samples": None, "samples_per_class": 8, "noise": 0.01, "labels": "zero_one"},
    ],
    ids=lambda fields: "-".join(map(str, fields.values())),
)
def test_every_kind_of_run_ends_with_a_verdict(tmp_path, fields):
    finished = certify(spec(**fields), tmp_path)
    record = RunRecord.load(finished.directory)
    assert record.verdict
    assert record.trajectory.status in (Status.STEPS_DONE, Status.TARGET_REACHED)


def test_a_diverging_run_is_an_answer(tmp_path):
    record = certify(spec(step_size=10.0), tmp_path).record
    assert record.holds is False
    assert record.trajectory.status is Status.DIVERGED
    assert "diverged" in record.verdict
    assert "step" in record.verdict
    assert record.certificates == ()
