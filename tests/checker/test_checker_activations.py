"""Activations against mpmath: values, derivatives, and the bounds of derivatives."""

import mpmath
import numpy as np
import pytest

from surefit_checker.activations import activation as activation_of
from surefit_checker.ball import Ball
from surefit_checker.schema import ACTIVATION
from surefit_checker.verdict import InvalidError


def activation(name, parameters):
    """Of a certificate that names it."""
    written = {key: x.hex() if isinstance(x, float) else x for key, x in parameters.items()}
    return activation_of(ACTIVATION({"name": name, **written}, "activation"))


SMOOTH = {
    "identity": ({}, lambda z: z),
    "quadratic": ({}, lambda z: z * z),
    "tanh": ({}, mpmath.tanh),
    "erf": ({}, mpmath.erf),
    "sin": ({}, mpmath.sin),
    "gelu": ({}, lambda z: z * mpmath.ncdf(z)),
    "softplus": ({"shifted": False}, lambda z: mpmath.log1p(mpmath.exp(z))),
    "sigmoid": ({"shifted": True}, lambda z: 1 / (1 + mpmath.exp(-z)) - mpmath.mpf(1) / 2),
    "leaky_relu": ({"slope": 0.3}, lambda z: z if z > 0 else mpmath.mpf(0.3) * z),
    "relu": ({}, lambda z: z if z > 0 else mpmath.mpf(0)),
}
POINTS = np.array([-30.0, -8.3, -2.2, -0.7, -1e-3, 0.1, 0.9, 1.7, 3.3, 12.0, 700.0])


@pytest.mark.parametrize("name", SMOOTH)
def test_values_and_two_derivatives(name):
    parameters, function = SMOOTH[name]
    found = activation(name, parameters).at(Ball(POINTS))
    with mpmath.workdps(60):
        for i, z in enumerate(POINTS):
            for order, ball in enumerate(found):
                value = mpmath.diff(function, mpmath.mpf(z), order) if order else function(z)
                error = abs(value - mpmath.mpf(float(ball.mid[i])))
                assert error <= ball.rad[i] + mpmath.mpf("1e-24")
    assert all(np.all(ball.rad <= 1e-12 * (1 + np.abs(ball.mid))) for ball in found[:1])


@pytest.mark.parametrize("name", SMOOTH)
def test_bounds_of_derivatives(name):
    parameters, function = SMOOTH[name]
    a = activation(name, parameters)
    with mpmath.workdps(30):
        points = [z for z in mpmath.linspace(-5, 5, 102) if abs(z) > 0.01]
        for order, bound in ((1, a.slope), (2, a.bend), (3, a.third)):
            largest = max(abs(mpmath.diff(function, z, order)) for z in points)
            assert largest <= mpmath.mpf(bound) + mpmath.mpf("1e-9")
            # Not only bounds: none is more than a few per cent too large.
            assert bound == np.inf or bound <= 1.05 * largest + 1e-6


def test_wide_balls_contain_all_values():
    for name, (parameters, function) in SMOOTH.items():
        if "relu" in name:
            continue
        ball = activation(name, parameters).at(Ball(np.array([0.4]), 0.1))[0]
        for z in (0.3, 0.37, 0.5):
            assert abs(function(z) - float(ball.mid[0])) <= ball.rad[0] + 1e-15


def test_a_kink_within_the_ball_leaves_every_slope_possible():
    z = Ball(np.array([1e-9, -2e-9, 1e-7]), 1e-8)
    value, slope, _ = activation("leaky_relu", {"slope": 0.25}).at(z)
    assert np.all(slope.mid - slope.rad <= [0.25, 0.25, 1.0])
    assert np.all(slope.mid + slope.rad >= 1.0)
    for t in np.linspace(-1, 1, 9):
        exact = np.where(z.mid + t * z.rad > 0, 1.0, 0.25) * (z.mid + t * z.rad)
        assert np.all(np.abs(exact - value.mid) <= value.rad + 1e-24)


@pytest.mark.parametrize(
    ("name", "parameters"), [("swish", {}), ("tanh", {"slope": 1.0}), ("leaky_relu", {})]
)
def test_unknown_names_and_parameters(name, parameters):
    with pytest.raises(InvalidError):
        activation(name, parameters)
