import pytest

from surefit.testing.theorem import check_theorem
from surefit.theory import THEOREMS

# Other test modules define entries of their own.
OWN = [name for name, cls in THEOREMS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_theorem_conforms(name):
    check_theorem(THEOREMS[name])
