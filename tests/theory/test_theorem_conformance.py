import pytest

from surefit.testing.theorem import check_theorem
from surefit.theory import THEOREMS


@pytest.mark.parametrize("name", THEOREMS.names())
def test_every_theorem_conforms(name):
    check_theorem(THEOREMS[name])
