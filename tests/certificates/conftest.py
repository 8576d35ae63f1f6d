"""Helpers beside the tests, importable by name in every mode of pytest."""

import functools
import importlib.util
import sys
from pathlib import Path

import pytest
from flint import ctx

for _name in ("random_maps", "chain_networks", "chain_bounds", "format_network", "continuing"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    sys.modules[_name] = importlib.util.module_from_spec(_spec)
    _spec.loader.exec_module(sys.modules[_name])


@pytest.fixture(params=["float64", "256 bits"])
def field(request):
    """The arithmetic that descent is continued in."""
    import continuing
    import format_network

    exact = request.param != "float64"
    with ctx.workprec(continuing.BITS if exact else 53):
        yield format_network.Balls() if exact else format_network.Floats()


@pytest.fixture(scope="session")
def proved(tmp_path_factory):
    """By what issues it and arguments: a certificate that the checker proved, made once."""
    import continuing

    @functools.cache
    def make(issue, *arguments):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("surefit.workflows.proving.verify", continuing.verified)
            folder = tmp_path_factory.mktemp("certificate")
            return continuing.Proved.at(issue(*arguments), folder)

    return make
