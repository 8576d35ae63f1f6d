"""Problems that many tests of training share, and with them the compiled code."""

import numpy as np
import pytest

import surefit as sf


@pytest.fixture(scope="session")
def small():
    """A shallow tanh network on six samples of plus and minus one."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return sf.Problem(sf.models.shallow(16), x, np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]))
