"""Where there is no proof about the whole run (for others see test_beside.py)."""

import numpy as np
import pytest

import surefit as sf
from surefit.workflows.from_start import prove_from_start, require_provable
from surefit.workflows.listener import Listener

SMALL = {
    "data": "digits",
    "classes": (0, 1),
    "samples": 8,
    "width": 64,
    "theorems": (),
    "monitors": ("loss",),
}


class Notes(Listener):
    """Keeps what it hears."""

    def __init__(self):
        self.heard = []

    def stage(self, text):
        self.heard.append(text)


def test_networks_that_the_theorems_do_not_speak_of_are_left_out(tmp_path):
    problem = sf.Problem(sf.models.multilayer(8, 2), [[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    notes = Notes()
    found = prove_from_start(problem, problem.init(0), None, tmp_path, notes)
    assert found == ((), ())
    assert any(text.startswith("No certificate from the start: ") for text in notes.heard)
    assert list(tmp_path.iterdir()) == []


def test_runs_that_they_do_not_speak_of_are_refused_before_training(tmp_path):
    for fields in ({"activation": "relu"}, {"network": "fc"}, {"loss": "logistic"}):
        spec = sf.CertifySpec.parse({**SMALL, "from_start": True, **fields})
        with pytest.raises(sf.errors.InvalidInputError, match="from_start"):
            sf.workflows.certify(spec, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_an_activation_that_only_one_theorem_knows_is_accepted(tmp_path):
    network = sf.Serial(sf.Dense(8, 2.0), sf.Gelu(), sf.Dense(1))
    problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
    require_provable(problem, problem.init(0))
    # Too narrow for Theorem 3: what is missing is kept, although descent cannot be shadowed.
    found, _ = prove_from_start(problem, problem.init(0), None, tmp_path, Listener())
    assert [one.holds for one in found] == [False]


def test_fixed_output_weights_are_shadowed(tmp_path):
    network = sf.Serial(sf.Dense(64, 2.0), sf.Tanh(), sf.Dense(1, trained=False))
    problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
    found, proofs = prove_from_start(problem, problem.init(0), None, tmp_path, Listener())
    assert [one.name for one in found if one.holds] == ["shadowing"]
    assert proofs[0].proved


def test_the_option_leaves_older_ids_as_they_were():
    plain = sf.CertifySpec.parse(SMALL)
    assert "from_start" not in plain.canonical()
    assert sf.CertifySpec.parse({**SMALL, "from_start": True}).run_id != plain.run_id
