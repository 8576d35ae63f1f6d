import dataclasses
import math

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.activations import ACTIVATIONS, Activation
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.curvature.activation import bends, has_bounded_bend, second_derivative_bound

SMOOTH = [name for name in ACTIVATIONS if math.isfinite(ACTIVATIONS[name]().smoothness)]

# How far a float64 phi'' is from the exact one, in units of roundoff. XLA's tanh is a rational
# function and off by up to 7 where it is flat. There phi'' = -2 t (1 - t^2) moves by 4 times as
# much as t. Whether XLA contracts products and sums depends on the program around them, so that
# two programs may disagree by twice that.
UNITS = {"tanh": 28}
FEW = 4


def allowance(activation):
    """By how much two computed values of phi'' can differ."""
    return 2 * UNITS.get(type(activation).__name__.lower(), FEW) * UNIT_ROUNDOFF


@dataclasses.dataclass(frozen=True)
class _Cubic(Activation):
    """z^3, which knows its own second derivative."""

    def __call__(self, z):
        return z**3

    def second_derivative_bound(self, lower, upper):
        return 6 * np.maximum(np.abs(lower), np.abs(upper))


@dataclasses.dataclass(frozen=True)
class _Wave(Activation):
    """sin(3 z), of which only the constants are known."""

    lipschitz = 3.0
    smoothness = 9.0

    def __call__(self, z):
        return jnp.sin(3.0 * z)


@dataclasses.dataclass(frozen=True)
class _Steep(sf.Tanh):
    """A subclass with another function."""

    lipschitz = 2.0
    smoothness = 4.0 * sf.Tanh.smoothness

    def __call__(self, z):
        return jnp.tanh(2.0 * z)

    def derivative(self, z):
        return 2.0 - 2.0 * jnp.tanh(2.0 * z) ** 2

    def second_derivative(self, z):
        t = jnp.tanh(2.0 * z)
        return -8.0 * t * (1.0 - t**2)


def intervals(count=400):
    rng = np.random.default_rng(0)
    middle, half = (
        3 * rng.normal(size=count),
        rng.exponential(0.5, count) * rng.integers(0, 2, count),
    )
    return middle - half, middle + half


def sizes_inside(function, lower, upper):
    grid = lower[:, None] + np.linspace(0, 1, 2001)[None] * (upper - lower)[:, None]
    return np.max(np.abs(np.asarray(function(jnp.asarray(grid)))), axis=1)


@pytest.mark.parametrize("activation", [*(ACTIVATIONS[n]() for n in SMOOTH), _Cubic()], ids=str)
def test_supremum_over_an_interval_is_exact(activation):
    lower, upper = intervals()
    bound = second_derivative_bound(activation, lower, upper)
    inside = sizes_inside(activation.second_derivative, lower, upper)
    assert np.all(inside <= bound * (1 + 1e-12) + allowance(activation))
    np.testing.assert_allclose(bound, inside, rtol=1e-4, atol=1e-12)


@pytest.mark.parametrize("activation", [_Wave(), _Steep()], ids=str)
def test_of_an_unknown_activation_only_the_constant_is_used(activation):
    lower, upper = intervals()
    bound = second_derivative_bound(activation, lower, upper)
    inside = sizes_inside(activation.second_derivative, lower, upper)
    assert np.all(inside <= bound * (1 + 1e-12) + 1e-14)
    point = lower == upper
    assert 0 < point.sum() < len(point)
    np.testing.assert_allclose(bound[point], inside[point], rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(bound[~point], activation.smoothness)


@pytest.mark.parametrize(
    "activation", [*(ACTIVATIONS[n]() for n in SMOOTH), _Cubic(), _Wave(), _Steep()], ids=str
)
def test_bends_bound_the_slope_over_the_interval(activation):
    lower, upper = intervals()
    local = bends(activation, (lower + upper) / 2, (upper - lower) / 2)
    assert np.all(sizes_inside(activation.derivative, lower, upper) <= local.slope * (1 + 1e-12))
    inside = sizes_inside(activation.second_derivative, lower, upper)
    assert np.all(inside <= local.bend * (1 + 1e-12))
    assert np.all(local.slope <= activation.lipschitz)
    point = lower == upper
    exact = np.abs(np.asarray(activation.derivative(jnp.asarray(lower[point]))))
    np.testing.assert_allclose(local.slope[point], exact, rtol=1e-12, atol=1e-14)


def test_a_kink_has_no_bound():
    assert not has_bounded_bend(sf.Relu())
    assert has_bounded_bend(_Cubic())


PEAKS = {
    "tanh": (mpmath.tanh, mpmath.atanh(1 / mpmath.sqrt(3))),
    "erf": (mpmath.erf, mpmath.sqrt(0.5)),
    "sigmoid": (lambda z: 1 / (1 + mpmath.exp(-z)), mpmath.log(2 + mpmath.sqrt(3))),
    "gelu": (lambda z: z * mpmath.ncdf(z), mpmath.mpf(2)),
    "softplus": (lambda z: mpmath.log(1 + mpmath.exp(z)), mpmath.mpf(0)),
}


def exact_bends(name):
    """Points of the whole range of the rational function, |phi''| there, and between them."""
    rng = np.random.default_rng(0)
    far = rng.uniform(14, 22, 60)
    z = np.concatenate([3 * rng.normal(size=80), far, -far])
    with mpmath.workdps(60):
        return z, [abs(mpmath.diff(PEAKS[name][0], mpmath.mpf(float(at)), 2)) for at in z]


@pytest.mark.parametrize("name", PEAKS)
def test_second_derivatives_are_as_accurate_as_stated(name):
    activation = ACTIVATIONS[name]()
    z, exact = exact_bends(name)
    within = UNITS.get(name, FEW) * UNIT_ROUNDOFF
    alone = np.abs(np.asarray(activation.second_derivative(jnp.asarray(z))))
    for found in (alone, second_derivative_bound(activation, z, z)):
        errors = (abs(mpmath.mpf(float(f)) - e) for f, e in zip(found, exact, strict=True))
        assert max(errors) <= within
    bend = bends(activation, z, np.zeros_like(z)).bend
    assert all(float(found) >= e for found, e in zip(bend, exact, strict=True))


@pytest.mark.parametrize("name", PEAKS)
def test_the_extrema_of_the_second_derivative(name):
    function, point = PEAKS[name]
    assert abs(mpmath.diff(function, point, 3)) < 1e-8
    peak = float(abs(mpmath.diff(function, point, 2)))
    z = float(point)
    found = second_derivative_bound(ACTIVATIONS[name](), np.array([z - 0.01]), np.array([z + 0.01]))
    np.testing.assert_allclose(found, [peak], rtol=1e-7)
