import math

import numpy as np
import pytest

import surefit as sf
from surefit.theory import Setting
from surefit.theory.clock import geometric_curve, geometric_factor, spectral_curve

DESCENT, FLOW = "gradient_descent", "gradient_flow"


def setting(dynamics, step_size=0.1, loss=None):
    problem = sf.Problem(sf.models.shallow(8), np.eye(3), np.ones(3), loss or sf.SumSquared())
    return Setting(problem, problem.init(0), step_size, dynamics)


@pytest.mark.parametrize(
    ("run", "theorem", "factor"),
    [
        (DESCENT, DESCENT, 1 - 0.2 * 0.3),
        (DESCENT, FLOW, math.exp(-0.2 * 0.3)),
        (FLOW, FLOW, math.exp(-2 * 0.3)),
        (FLOW, DESCENT, math.exp(-2 * 0.3)),
    ],
)
def test_speeds_are_read_in_the_clock_of_the_run(run, theorem, factor):
    # Descent on ||r||^2 with step 0.1 is descent on half of it with step 0.2.
    asked = setting(run)
    assert geometric_factor(asked, 0.3, theorem) == pytest.approx(factor, rel=1e-14)
    curve = geometric_curve(asked, 0.3, theorem)
    np.testing.assert_allclose(curve(np.array([0.0, 2.0])), [3.0, 3.0 * factor**2], rtol=1e-12)


def test_a_step_that_is_far_too_large_has_no_curve():
    assert geometric_factor(setting(DESCENT, 10.0), 0.6, DESCENT) is None
    assert geometric_curve(setting(DESCENT, 10.0), 0.6, DESCENT) is None
    assert spectral_curve(setting(DESCENT, 10.0), np.array([0.11]), np.ones(1)) is None


def test_spectral_curves():
    eigenvalues, weights = np.array([0.5, 2.0]), np.array([1.0, 3.0])
    h = 0.2
    curve = spectral_curve(setting(DESCENT), eigenvalues, weights)
    np.testing.assert_allclose(curve(np.array([3.0])), [(1 - h / 2) ** 6 + 3 * (1 - 2 * h) ** 6])
    flow = spectral_curve(setting(FLOW), eigenvalues, weights)
    exact = math.exp(-2 * 2 * 0.5 * 3) + 3 * math.exp(-2 * 2 * 2.0 * 3)
    np.testing.assert_allclose(flow(np.array([3.0])), [exact])
