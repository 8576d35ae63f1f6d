import pytest

from surefit.implicit import (
    SOLVERS,
    Anderson,
    ForwardBackward,
    Newton,
    PeacemanRachford,
    Picard,
)
from surefit.testing import check_solver

# Name of a catalogue entry -> an instance, and whether it needs a contraction.
EXAMPLES = {
    "anderson": (Anderson(), True),
    "forward_backward": (ForwardBackward(), False),
    "newton": (Newton(), False),
    "peaceman_rachford": (PeacemanRachford(), False),
    "picard": (Picard(), True),
}
OWN = [name for name, cls in SOLVERS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_solver_conforms(name):
    check_solver(*EXAMPLES[name])


@pytest.mark.parametrize(
    "solver",
    [Picard(1e-6), Anderson(1e-6, depth=2), Newton(1e-6), PeacemanRachford(1e-6, step_size=0.7)],
    ids=repr,
)
def test_other_settings_conform(solver):
    check_solver(solver)
