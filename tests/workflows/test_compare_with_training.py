"""A trained network beside its prediction: exact where it is linear, close where it is wide."""

import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError
from surefit.workflows import compare_with_training

DRAW = np.random.default_rng(12)
X = DRAW.standard_normal((7, 5)) / np.sqrt(5)
X_TEST = DRAW.standard_normal((3, 5)) / np.sqrt(5)
Y = DRAW.standard_normal((7, 2))


def test_a_linear_network_is_predicted_exactly():
    problem = sf.Problem(sf.Serial(sf.Dense(2, bias_std=0.5)), X, Y)
    found = compare_with_training(problem, problem.init(3), X_TEST, steps=30)
    assert found.loss_deviation < 1e-12
    assert found.train_deviation < 1e-12
    assert found.test_deviation < 1e-12
    assert not found.diverged
    assert found.steps[0] == 0 and found.steps[-1] == 30
    np.testing.assert_allclose(found.measured, found.predicted, rtol=1e-9)


@pytest.mark.slow
def test_wider_networks_are_closer_to_their_prediction():
    deviations = []
    for width in (16, 4096):
        network = sf.Serial(sf.Dense(width), sf.Tanh(), sf.Dense(2))
        problem = sf.Problem(network, X, Y)
        found = compare_with_training(problem, problem.init(0), X_TEST, steps=40)
        deviations.append((found.loss_deviation, found.train_deviation, found.test_deviation))
    narrow, wide = np.asarray(deviations)
    # 1/sqrt(m) falls by a factor of 16.
    assert np.all(narrow > 4.0 * wide)
    assert np.all(wide < 0.1)
    # With the kernel of its own start, which drifts like 1/sqrt(m) as well.
    own = compare_with_training(problem, problem.init(0), kernel="empirical", steps=40)
    assert own.loss_deviation < narrow[0] / 4.0
    assert own.test_deviation is None


def test_other_losses_are_refused():
    problem = sf.Problem(sf.Serial(sf.Dense(2)), X, Y, sf.MeanSquared())
    with pytest.raises(InvalidInputError, match=r"must have the loss `HalfSquared\(\)`. Got Mean"):
        compare_with_training(problem, problem.init(0))
