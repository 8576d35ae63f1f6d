"""Where there is no proof about the whole run (for others see test_beside.py)."""

import surefit as sf
from surefit.workflows.from_start import prove_from_start
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


def test_the_option_leaves_older_ids_as_they_were():
    plain = sf.CertifySpec.parse(SMALL)
    assert "from_start" not in plain.canonical()
    assert sf.CertifySpec.parse({**SMALL, "from_start": True}).run_id != plain.run_id
