r"""The activations: values and two derivatives of balls, and bounds of three derivatives."""

import dataclasses
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
from flint import arb

from surefit_checker.ball import Array, Ball


@dataclasses.dataclass(frozen=True)
class Activation:
    r"""A scalar function.

    Args:
        at: from pre-activations to $\phi$, $\phi'$, $\phi''$ there.
        slope: at least $\sup|\phi'|$.
        bend: at least $\sup|\phi''|$ (away from a kink).
        third: at least $\sup|\phi'''|$ (away from a kink).
        kinked: whether $\phi'$ jumps at 0.
        linear: whether it is the identity.
    """

    at: Callable[[Array], tuple[Array, Array, Array]]
    slope: float
    bend: float
    third: float
    kinked: bool = False
    linear: bool = False


def _bell(x: arb) -> arb:
    return 2 * (-x * x).exp() / arb.pi().sqrt()


def _gelu(z):
    normal = z.map(lambda x: (1 + (x / arb(2).sqrt()).erf()) / 2)
    density = z.map(lambda x: (-x * x / 2).exp() / (2 * arb.pi()).sqrt())
    return z * normal, normal + z * density, density * (2.0 - z * z)


def _logistic(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def _softplus(z, shifted: bool):
    s, shift = z.map(_logistic), arb(2).log() if shifted else arb(0)
    # So written, the exponential stays finite.
    value = z.map(lambda x: x.max(arb(0)) + (-abs(x)).exp().log1p() - shift)
    return value, s, s * (1.0 - s)


def _sigmoid(z, shifted: bool):
    s = z.map(_logistic)
    d1 = s * (1.0 - s)
    return (s - 0.5 if shifted else s), d1, d1 * (1.0 - s * 2.0)


def _leaky(z, slope: float):
    # Where the sign is not certain, any slope between the two may be the right one.
    b, spread = z.ball(), 0.5 * abs(1.0 - slope) + 2.0**-50 * (1.0 + abs(slope))
    certain, one = np.abs(b.mid) > b.rad, np.where(b.mid > 0, 1.0, slope)
    d1 = Ball(np.where(certain, one, 0.5 + 0.5 * slope), np.where(certain, 0.0, spread))
    return z * d1, d1, d1 * 0.0


# By name: the function and two derivatives, and bounds of the first, second and third derivative.
SMOOTH = {
    "identity": (lambda z: (z, z * 0.0 + 1.0, z * 0.0), 1.0, 0.0, 0.0),
    "quadratic": (lambda z: (z * z, z * 2.0, z * 0.0 + 2.0), math.inf, 2.0, 0.0),
    # Largest: at 0; 4/(3 sqrt 3) at tanh^2 = 1/3; 2 at 0.
    "tanh": (lambda z: (t := z.map(arb.tanh), d := 1.0 - t * t, t * d * -2.0), 1.0, 0.77, 2.0),
    # Largest: 2/sqrt pi at 0; at z^2 = 1/2; 4/sqrt pi at 0.
    "erf": (lambda z: (z.map(arb.erf), d := z.map(_bell), z * d * -2.0), 1.1284, 0.9679, 2.2568),
    "sin": (lambda z: (s := z.map(arb.sin), z.map(arb.cos), -s), 1.0, 1.0, 1.0),
    # Largest: at z^2 = 2; at 0; at 2 z^2 = 7 - sqrt 33.
    "gelu": (_gelu, 1.129, 0.798, 0.78),
    # With s the logistic function: s' <= 1/4, |s''| <= 1/(6 sqrt 3), |s'''| <= 1/8.
    "softplus": (_softplus, 1.0, 0.25, 0.0963),
    "sigmoid": (_sigmoid, 0.25, 0.0963, 0.125),
}


def activation(spec: SimpleNamespace) -> Activation:
    """The activation that a layer's specification names."""
    name, *parameters = vars(spec).values()
    if name in ("relu", "leaky_relu"):
        a = parameters[0] if parameters else 0.0
        return Activation(lambda z: _leaky(z, a), max(1.0, abs(a)), 0.0, 0.0, kinked=a != 1.0)
    function, *bounds = SMOOTH[name]
    return Activation(lambda z: function(z, *parameters), *bounds, linear=name == "identity")
