import functools
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from surefit_checker import check


def _beside(name):
    spec = importlib.util.spec_from_file_location(
        f"checker_{name}", Path(__file__).with_name(f"{name}.py")
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def build():
    """The module that makes certificate folders by hand."""
    return _beside("build")


@pytest.fixture(scope="session")
def fitted(build):
    """The cases by name, with targets near their outputs."""
    return functools.cache(lambda name, residual=1e-7: build.CASES[name]().fitted(residual))


@pytest.fixture(scope="session")
def honest(fitted):
    """A statement that is true and should be proved, by the name of a case."""

    @functools.cache
    def make(name, residual=1e-7):
        import numpy as np

        case = fitted(name, residual)
        values = np.linalg.svd(case.jacobian(), compute_uv=False)
        return {
            "kind": "descent",
            "rho": 1.5 * residual / float(values[-1]),
            "step_size": 0.9 / float(values[0]) ** 2,
            "start_radius": 0.0,
        }

    return make


@pytest.fixture
def edited(tmp_path):
    """The verdict on a folder after its JSON went through a function."""

    def run(folder, edit):
        path = folder / "certificate.json"
        spec = json.loads(path.read_text())
        after = edit(spec)
        path.write_text(json.dumps(spec if after is None else after))
        return check(folder)

    return run
