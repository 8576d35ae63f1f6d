"""Certificates beside exact descent in the journey, and what follows one that is refused."""

import dataclasses
import json

import numpy as np
import pytest
from typer.testing import CliRunner

import surefit as sf
from surefit.certificates import certify_batches, issue_all
from surefit.cli.app import app
from surefit.core.proof import Proof
from surefit.core.record import RunRecord
from surefit.report.page import render
from surefit.workflows import certify
from surefit.workflows.beside import prove_beside
from surefit.workflows.listener import Listener
from surefit.workflows.proving import answers, prove
from surefit.workflows.verdict import verdict

SMALL = {
    "data": "digits",
    "classes": (0, 1),
    "samples": 8,
    "width": 64,
    "floor": True,
    "from_start": True,
    "theorems": (),
    "monitors": ("loss",),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return certify(sf.CertifySpec.parse(SMALL), tmp_path_factory.mktemp("runs"))


FOLDERS = ["certificate", "certificate_floor", "certificate_from_start"]


def test_float64_and_the_whole_run_are_proved_beside_descent(run):
    record = RunRecord.load(run.directory)
    assert record.holds
    assert [proof.folder for proof in record.proofs] == FOLDERS
    assert all(proof.proved and proof.statement in record.verdict for proof in record.proofs)
    assert "floor" in [one.name for one in record.certificates]
    assert record.proofs[-1].certificate in ("shadowing", "initialisation")
    page = render(record)
    for name in FOLDERS:
        assert f"surefit verify {name}" in page
    assert "residual norm down to which errors of the steps let it fall" in page


def test_all_certificates_of_a_run_are_verified(run):
    done = CliRunner().invoke(app, ["verify", str(run.directory)])
    assert done.exit_code == 0
    for name in FOLDERS:
        assert f"{name}:" in done.output
    assert done.output.count("\nproved") == 3


def test_one_that_is_refused_decides_the_exit_code(run, tmp_path):
    for name in ("certificate", "certificate_floor"):
        (tmp_path / name).mkdir()
        for path in (run.directory / name).iterdir():
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    path = tmp_path / "certificate_floor" / "certificate.json"
    document = json.loads(path.read_text())
    document["statement"]["error"] = "0x1.0p-4"
    path.write_text(json.dumps(document))
    done = CliRunner().invoke(app, ["verify", str(tmp_path)])
    assert done.exit_code == 1
    assert "proved" in done.output and "refused: " in done.output


def test_the_option_leaves_older_ids_as_they_were():
    plain = sf.CertifySpec.parse({**SMALL, "floor": False})
    assert "floor" not in plain.canonical()
    assert plain.run_id != sf.CertifySpec.parse(SMALL).run_id


def near(size=1e-9):
    network = sf.models.shallow(24, weight_std=3.0, antisymmetric=False)
    x = np.random.default_rng(0).normal(size=(5, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    params = sf.Problem(network, x, np.zeros(5)).init(0)
    y = np.asarray(sf.Problem(network, x, np.zeros(5)).predict(params))[:, 0] + size
    return sf.Problem(network, x, y), params


def broken(certificate):
    """With a claim that no checker accepts, whatever is proposed."""
    claims = {"sigma_min": (1e3).hex()}
    return dataclasses.replace(certificate, document={**certificate.document, "claims": claims})


def test_a_refused_certificate_is_followed_by_the_next_strongest(tmp_path):
    problem, params = near()
    batches = broken(certify_batches(problem, params, batch_size=2))
    others = issue_all(problem, params)
    found = answers([batches, *others], tmp_path / "certificate")
    assert [(one.certificate, one.verdict) for one in found] == [
        ("stochastic", "refused"),
        (others[0].name, "proved"),
    ]
    assert [one.folder for one in found] == ["", "certificate"]
    assert sf.verify(tmp_path / "certificate").statement == found[1].statement
    assert prove([batches, *others], tmp_path / "again").certificate == others[0].name


def test_where_none_is_accepted_the_strongest_is_kept(tmp_path):
    problem, params = near()
    both = [broken(certify_batches(problem, params, 2)), broken(sf.certify(problem, params))]
    found = answers(both, tmp_path / "certificate")
    assert [one.verdict for one in found] == ["refused", "refused"]
    assert [one.folder for one in found] == ["certificate", ""]
    assert sf.verify(tmp_path / "certificate").reason == found[0].reason


def test_the_verdict_tells_both_answers(run):
    trajectory = RunRecord.load(run.directory).trajectory
    certificate = sf.certify(*near())
    refused = Proof("refused", reason="too wide", certificate="stochastic")
    proved = Proof("proved", "Descent converges.", certificate="kantorovich_majorant")
    unique = Proof("proved", "One equilibrium.", certificate="equilibria")
    told, holds = verdict(trajectory, [certificate], (), proofs=[refused, proved, unique])
    assert holds
    assert "Descent converges. The checker does not prove the certificate stochastic: " in told
    assert told.endswith("Proved too: One equilibrium.")
    # Equilibria alone say nothing about training.
    alone = dataclasses.replace(certificate, name="equilibria")
    told, holds = verdict(trajectory, [alone], (), proofs=[unique])
    assert holds is not True
    assert told.startswith("No certificate after")


def test_equilibria_are_certified_whatever_the_loss(tmp_path):
    network = sf.Serial(sf.Dense(8), sf.Equilibrium(8, sf.Tanh(), 0.2), sf.Dense(1))
    problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]), sf.Logistic())
    issued, said = prove_beside(problem, problem.init(0), None, tmp_path, Listener())
    assert [one.name for one in issued] == ["equilibria"]
    assert [(one.folder, one.proved) for one in said] == [("certificate_equilibria", True)]
    assert sf.verify(tmp_path / "certificate_equilibria").proved


def test_float64_needs_a_squared_loss(tmp_path):
    network = sf.Serial(sf.Dense(8), sf.Tanh(), sf.Dense(3))
    problem = sf.Problem(network, np.eye(3), np.eye(3), sf.CrossEntropy())
    heard = []

    class Notes(Listener):
        def stage(self, text):
            heard.append(text)

    found = prove_beside(problem, problem.init(0), None, tmp_path, Notes(), floor=True)
    assert found == ((), ())
    assert heard == ["No certificate about descent in float64: it is about the squared loss"]
