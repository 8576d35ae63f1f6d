"""`surefit certify --polish`: certificates of networks that training alone does not certify."""

import numpy as np
import pytest

import surefit as sf
from surefit.runs import CertifySpec
from surefit.workflows import certify
from surefit.workflows.listener import Listener
from surefit.workflows.polished import polish_weights

SPEC = {
    "classes": (0, 1),
    "samples": 16,
    "activation": "relu",
    "width": 64,
    "theorems": (),
    "monitors": ("loss",),
}


class Stages(Listener):
    def __init__(self):
        self.heard = []

    def stage(self, message):
        self.heard.append(message)


def test_a_rectifier_is_certified_and_the_record_says_what_was_done(tmp_path):
    stages = Stages()
    finished = certify(CertifySpec.parse({**SPEC, "polish": True}), tmp_path, listener=stages)
    record = finished.record
    assert record.holds
    assert "moved the trained weights by" in record.verdict
    assert all("polished after training" in item.note for item in record.certificates)
    facts = record.problem
    assert facts["polishing_status"] == "certified"
    assert 0 < facts["polishing_residual_after"] < 0.1 * facts["polishing_residual_before"]
    assert facts["polishing_distance"] > 0
    assert facts["polishing_seconds"] > 0
    told = [stage for stage in stages.heard if stage.startswith("Polishing, step")]
    assert len(told) == facts["polishing_steps"] + 1
    # The certificate is about the polished weights: its own residual is the one after.
    residual = record.certificates[0].quantities["residual"]
    np.testing.assert_allclose(residual, facts["polishing_residual_after"], rtol=1e-6)
    assert "--polish" in record.command


def test_runs_without_it_keep_their_ids():
    plain = CertifySpec.parse(SPEC)
    assert "polish" not in plain.canonical()
    assert CertifySpec.parse({**SPEC, "polish": False}).run_id == plain.run_id
    polished = CertifySpec.parse({**SPEC, "polish": True})
    assert polished.run_id != plain.run_id
    assert CertifySpec.from_canonical(polished.canonical()) == polished
    assert CertifySpec.from_canonical(plain.canonical()).polish is False


def test_polishing_goes_on_further_for_stochastic_descent():
    x = np.eye(4)
    problem = sf.Problem(sf.models.shallow(32, weight_std=2.0), x, np.array([1.0, -1.0, 1.0, -1.0]))
    short, far = (
        polish_weights(problem, problem.init(0), 0, Listener(), stochastic=stochastic).done
        for stochastic in (False, True)
    )
    assert far.steps[-1].condition <= 1e-5 < short.steps[-1].condition


@pytest.mark.slow
def test_stochastic_descent_is_certified_as_such(tmp_path):
    spec = {**SPEC, "polish": True, "method": "sgd", "batch_size": 4, "steps": 500}
    record = certify(CertifySpec.parse(spec), tmp_path).record
    assert record.holds
    assert record.certificates[0].name == "stochastic"
    assert record.proofs[0].certificate == "stochastic"
    assert "Proved" in record.verdict
    assert "with 4 samples drawn afresh in every step" in record.verdict
    assert record.proofs[0].numbers["failure_probability"] < 0.01
    assert {one.name for one in record.certificates} >= {"kantorovich_majorant"}
