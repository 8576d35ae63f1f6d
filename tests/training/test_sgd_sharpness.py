import numpy as np
import pytest

import surefit as sf
from surefit.training import sharpness


def test_the_step_of_large_problems_is_that_of_small_ones(monkeypatch):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(11, 4))
    problem = sf.Problem(sf.models.fully_connected(8, 1, 3), x, np.zeros((11, 3)))
    params = problem.init(0)
    steps = {}
    for dense in (True, False):
        monkeypatch.setattr(sharpness, "_prefers_dense", lambda *_, dense=dense: dense)
        for batch in (1, 11):
            method = sf.StochasticGradientDescent(batch_size=batch)
            steps[dense, batch] = method.settle(problem, params, 1).step_size
    # Lanczos stops at a thousandth; the blocks of the samples have no such error.
    assert steps[False, 1] == pytest.approx(steps[True, 1], rel=1e-9)
    assert steps[False, 11] == pytest.approx(steps[True, 11], rel=1e-3)
    # An independent computation of the bound.
    jacobian = np.asarray(problem.jacobian(params))
    own = max(np.linalg.norm(j, 2) ** 2 for j in jacobian.reshape(11, 3, -1))
    whole = np.linalg.norm(jacobian, 2) ** 2
    assert 1.0 / steps[True, 1] == pytest.approx(11 * own, rel=1e-9)
    assert 11 * own < 11 * whole
    assert 1.0 / steps[True, 11] == pytest.approx(min(whole, 11 * own), rel=1e-6)
