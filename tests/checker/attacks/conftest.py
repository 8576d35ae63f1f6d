import importlib.util
import sys
from pathlib import Path

import pytest

from surefit_checker import check


def _beside(name):
    spec = importlib.util.spec_from_file_location(
        f"attacks_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def truth(build):
    """Raises where a statement that was accepted, and is not the honest one, is false."""
    module = _beside("truth")

    def judge(folder, verdict, honest):
        """Returns whether there was anything to judge."""
        spec, arrays = module.contents(folder)
        known = {} if honest is None else honest.arrays
        same = all(arrays[name].tobytes() == a.tobytes() for name, a in known.items())
        if honest is not None and spec == honest.spec and same:
            return False
        module.Claim(build, folder, verdict).holds()
        return True

    return judge


@pytest.fixture(scope="session")
def certificates(build, tmp_path_factory):
    """Honest certificates, one of every kind of statement."""
    return _beside("honest").certificates(build, check, tmp_path_factory.mktemp("honest"))


@pytest.fixture(scope="session")
def drawn(build):
    """A network of a number, with any layers."""
    module = _beside("drawn")
    return lambda seed: module.Drawn(build, seed).case()


@pytest.fixture(scope="session")
def header_bits():
    """All archives with one bit changed that is not one of an entry."""
    return _beside("archives").header_bits


@pytest.fixture(scope="session")
def forgeries():
    """By name of a class of attacks: a function of an honest certificate and a generator."""
    return {
        name: attack
        for module in ("entries", "texts", "archives", "files")
        for name, attack in _beside(module).ATTACKS.items()
    }
