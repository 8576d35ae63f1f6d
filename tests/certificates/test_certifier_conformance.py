import pytest

from surefit.certificates import CERTIFIERS
from surefit.testing import certifier as suite
from surefit.testing.certifier import check_certifier

# Other test modules define entries of their own.
OWN = [name for name, cls in CERTIFIERS.entries().items() if cls.__module__.startswith("surefit.")]


@pytest.mark.parametrize("name", OWN)
def test_every_certifier_passes_the_suite(name):
    check_certifier(CERTIFIERS[name])


class _Boastful(CERTIFIERS["kantorovich_majorant"]):
    """Promises a rate that it has not shown."""

    name = "kantorovich_majorant"

    def assess(self, point, step_size, dynamics):
        found = super().assess(point, step_size, dynamics)
        if "rate" in found.quantities:
            found.quantities["rate"] **= 100
        return found


def test_a_false_promise_is_found(monkeypatch):
    entries = dict(CERTIFIERS.entries(), kantorovich_majorant=_Boastful)
    monkeypatch.setattr(suite.CERTIFIERS, "entries", lambda: entries)
    with pytest.raises(AssertionError, match="bounds the residual along the run"):
        check_certifier(_Boastful)
