"""Suprema of the first two derivatives to full precision, against mpmath."""

import math

import jax.numpy as jnp
import mpmath
import pytest

from surefit.activations import ACTIVATIONS, Gelu, LeakyRelu, Sigmoid, Softplus
from surefit.errors import InvalidInputError

FUNCTIONS = {
    "erf": mpmath.erf,
    "gelu": lambda z: z * mpmath.ncdf(z),
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "sin": mpmath.sin,
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "tanh": mpmath.tanh,
}
# Where the modulus of the derivative of that order is largest, to be refined; None: at infinity.
PLACES = {
    ("erf", 1): 0, ("erf", 2): 0.7, ("gelu", 1): 1.4, ("gelu", 2): 0, ("sigmoid", 1): 0,
    ("sigmoid", 2): 1.3, ("sin", 1): 0, ("sin", 2): 1.6, ("softplus", 1): None, ("softplus", 2): 0,
    ("tanh", 1): 0, ("tanh", 2): 0.66,
}  # fmt: skip


@pytest.mark.parametrize(("name", "order"), PLACES)
def test_constants_are_the_suprema(name, order):
    activation, function = ACTIVATIONS[name](), FUNCTIONS[name]
    claimed = activation.lipschitz if order == 1 else activation.smoothness
    with mpmath.workdps(30):
        place = PLACES[name, order]
        if place is None:
            top = mpmath.diff(function, 60, order)
        else:
            peak = mpmath.findroot(lambda z: mpmath.diff(function, z, order + 1), place)
            top = abs(mpmath.diff(function, peak, order))
        elsewhere = max(
            abs(mpmath.diff(function, mpmath.mpf(z) / 8, order)) for z in range(-64, 65)
        )
        assert elsewhere <= top * (1 + mpmath.mpf(10) ** -20)
        assert abs(claimed - top) <= 2e-16 * abs(top) + mpmath.mpf(10) ** -25


def test_published_constants_of_gelu():
    assert Gelu().lipschitz == pytest.approx(1.128904, abs=1e-6)
    assert Gelu().smoothness == pytest.approx(0.797885, abs=1e-6)


def test_constants_of_functions_with_a_kink_or_without_a_bound():
    assert ACTIVATIONS["relu"]().lipschitz == 1 and ACTIVATIONS["relu"]().smoothness == math.inf
    assert ACTIVATIONS["quadratic"]().lipschitz == math.inf
    assert ACTIVATIONS["quadratic"]().smoothness == 2
    assert ACTIVATIONS["identity"]().smoothness == 0
    assert LeakyRelu(0.3).lipschitz == 1 and LeakyRelu(-3.0).lipschitz == 3
    assert LeakyRelu(0.3).smoothness == math.inf and LeakyRelu(1.0).smoothness == 0


@pytest.mark.parametrize("slope", [math.nan, math.inf])
def test_a_slope_that_is_no_number_is_refused(slope):
    with pytest.raises(InvalidInputError, match=r"`LeakyRelu\(slope=...\)` must be finite"):
        LeakyRelu(slope)


def test_shifted_functions_vanish_at_zero():
    zero = jnp.zeros(1)
    assert Softplus(shifted=True)(zero)[0] == 0 and Sigmoid(shifted=True)(zero)[0] == 0
    z = jnp.linspace(-5, 5, 11)
    assert jnp.allclose(Softplus()(z) - Softplus(shifted=True)(z), math.log(2), rtol=1e-14)
    assert jnp.allclose(Sigmoid()(z) - Sigmoid(shifted=True)(z), 0.5, rtol=1e-14)


def test_gelu_keeps_the_digits_of_its_left_tail():
    with mpmath.workdps(30):
        expected = float(mpmath.mpf(-9) * mpmath.ncdf(-9))
    assert float(Gelu()(jnp.asarray(-9.0))) == pytest.approx(expected, rel=1e-13)
