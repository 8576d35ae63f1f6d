import dataclasses
import math

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.activations import ACTIVATIONS, Activation
from surefit.curvature.activation import bends, has_bounded_bend, second_derivative_bound

SMOOTH = [name for name in ACTIVATIONS if math.isfinite(ACTIVATIONS[name]().smoothness)]


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
    assert np.all(inside <= bound * (1 + 1e-12) + 1e-15)
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


@pytest.mark.parametrize("name", PEAKS)
def test_the_extrema_of_the_second_derivative(name):
    function, point = PEAKS[name]
    assert abs(mpmath.diff(function, point, 3)) < 1e-8
    peak = float(abs(mpmath.diff(function, point, 2)))
    z = float(point)
    found = second_derivative_bound(ACTIVATIONS[name](), np.array([z - 0.01]), np.array([z + 0.01]))
    np.testing.assert_allclose(found, [peak], rtol=1e-7)
