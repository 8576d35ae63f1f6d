"""Gradient flow on other losses: the square against its closed form, cross-entropy by steps."""

import numpy as np
import pytest
from scipy.special import softmax

import surefit as sf
from surefit.function_space import loss_flow

DRAW = np.random.default_rng(4)
FEATURES = DRAW.standard_normal((9, 7))
X, X_TEST = FEATURES[:6], FEATURES[6:]
ONE_HOT = np.eye(3)[[0, 1, 2, 0, 1, 2]]


def space(ridge=0.0):
    return sf.FunctionSpace(X @ X.T, ONE_HOT, X_TEST @ X.T, ridge=ridge)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_the_squared_loss_has_its_closed_form(ridge):
    own, times = space(ridge), [0.0, 0.05, 0.4]
    found = loss_flow(own, times, sf.HalfSquared(), rtol=1e-9, atol=1e-11, max_steps=1000)
    assert found.completed
    np.testing.assert_allclose(found.losses, own.losses(times), rtol=1e-6)
    for index, time in enumerate(times):
        np.testing.assert_allclose(found.train[index], own.at(time).train, atol=1e-7)
        np.testing.assert_allclose(found.test[index], own.at(time).test, atol=1e-7)


@pytest.mark.parametrize("ridge", [0.0, 0.5])
def test_cross_entropy_against_short_steps_of_the_parameters(ridge):
    def steps(count, time=1.5):
        theta = np.zeros((7, 3))
        for _ in range(count):
            slope = X.T @ (softmax(X @ theta, axis=1) - ONE_HOT) + ridge * theta
            theta -= time / count * slope
        return theta

    # Euler's error falls like 1/count: the extrapolated value is of second order.
    theta = 2.0 * steps(2000) - steps(1000)
    found = loss_flow(space(ridge), [0.7, 1.5])
    np.testing.assert_allclose(found.train[1], X @ theta, atol=2e-5)
    np.testing.assert_allclose(found.test[1], X_TEST @ theta, atol=2e-5)
    likelihood = np.log(softmax(X @ theta, axis=1)[ONE_HOT == 1.0])
    assert found.losses[1] == pytest.approx(-likelihood.sum(), rel=1e-4)


def test_only_time_zero_is_the_start():
    found = loss_flow(space(), [0.0])
    assert found.completed
    assert found.losses[0] == pytest.approx(6 * np.log(3.0))
    np.testing.assert_array_equal(found.train[0], np.zeros((6, 3)))


def test_too_few_steps_are_a_status():
    found = loss_flow(space(), [0.0, 1e-3, 1e6], sf.HalfSquared(), max_steps=1000)
    assert not found.completed
    assert "did not reach the time 1e+06 with max_steps=1000" in found.message
    assert np.all(np.isfinite(found.losses[:2])) and np.isnan(found.losses[2])
