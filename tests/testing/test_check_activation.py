"""The suite of activations names what is wrong with an activation that is wrong on purpose."""

import dataclasses
import math

import jax.numpy as jnp
import pytest

from surefit import testing
from surefit.activations import Activation, Gelu, Relu, Tanh
from surefit.testing import check_activation

# Checks of the checks: minutes of compilation, needed when a suite changes.
pytestmark = pytest.mark.slow


def wrong(base, **changes):
    # The leading underscore keeps it out of the catalogue.
    return dataclasses.dataclass(frozen=True)(type("_Wrong", (base,), changes))()


def scaled(name, factor):
    def method(self, *args):
        return factor * getattr(super(type(self), self), name)(*args)

    return {name: method}


CASES = {
    "lipschitz too small": (Tanh, {"lipschitz": 0.9}, "`lipschitz` is valid"),
    "lipschitz too large": (Tanh, {"lipschitz": 1.1}, "`lipschitz` is attained"),
    "lipschitz negative": (Tanh, {"lipschitz": -1.0}, "`lipschitz` is a number that is not neg"),
    "lipschitz infinite": (Tanh, {"lipschitz": math.inf}, "`lipschitz` is infinite only if"),
    "smoothness too small": (Gelu, {"smoothness": 0.7}, "`smoothness` is valid"),
    "smoothness too large": (Gelu, {"smoothness": 0.9}, "`smoothness` is attained"),
    "smoothness of a kink": (Relu, {"smoothness": 0.0}, "`smoothness` is valid"),
    "smoothness infinite": (Tanh, {"smoothness": math.inf}, "`smoothness` is infinite only if"),
    "derivative": (Gelu, scaled("derivative", 1.001), "`derivative` agrees with differentiation"),
    "second derivative": (
        Gelu, scaled("second_derivative", 0.99), "`second_derivative` agrees with differentiation"
    ),
    "homogeneous": (Tanh, {"homogeneous": True}, "`homogeneous` says whether"),
    "not homogeneous": (Relu, {"homogeneous": False}, "`homogeneous` says whether"),
    "dual": (Gelu, scaled("dual", 1.00001), "`dual` is the expectation"),
    "derivative dual": (Gelu, scaled("derivative_dual", 0.9999), "`derivative_dual` is the expec"),
    "precision": (
        Tanh, {"__call__": lambda self, z: jnp.tanh(z).astype(jnp.float64)}, "keeps shape and"
    ),
    "dual that is not finite": (
        Gelu, {"dual": lambda self, c, s, t: Gelu().dual(c, s, t) + 0 * jnp.log(s)},
        "`dual` is finite, also at rho",
    ),
    "dual that forgets a variance": (
        Gelu, {"dual": lambda self, c, s, t: Gelu().dual(c, s, s)}, "`dual` is the expectation"
    ),
    "kernel on anything": (
        Gelu, {"kernel": lambda self, k: Activation.kernel(
            self, dataclasses.replace(k, gaussian=True))},
        "`kernel` refuses features that are not Gaussian",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_property_that_fails_is_named(name):
    base, changes, message = CASES[name]
    with pytest.raises(AssertionError, match=message) as caught:
        check_activation(wrong(base, **changes))
    assert "_Wrong()" in str(caught.value)


def test_an_activation_must_be_frozen_and_hashable():
    @dataclasses.dataclass
    class _Loose(Tanh.__base__):
        def __call__(self, z):
            return z

    with pytest.raises(AssertionError, match="is hashable"):
        check_activation(_Loose())


def test_suites_are_found_by_their_names():
    assert {"check_activation", "check_layer", "check_loss"} <= set(dir(testing))
    with pytest.raises(AttributeError, match="no attribute 'check_nothing'"):
        _ = testing.check_nothing
