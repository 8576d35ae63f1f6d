r"""The activations: values and two derivatives of balls, and bounds of three derivatives."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from functools import partial
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


def _tanh(z):
    t = z.map(arb.tanh)
    d1 = 1.0 - t * t
    return t, d1, -2.0 * t * d1


def _erf(z):
    d1 = z.map(lambda x: 2 * (-x * x).exp() / arb.pi().sqrt())
    return z.map(arb.erf), d1, -2.0 * z * d1


def _sin(z):
    s = z.map(arb.sin)
    return s, z.map(arb.cos), -s


def _gelu(z):
    normal = z.map(lambda x: (1 + (x / arb(2).sqrt()).erf()) / 2)
    density = z.map(lambda x: (-x * x / 2).exp() / (2 * arb.pi()).sqrt())
    return z * normal, normal + z * density, density * (2.0 - z * z)


def _logistic(x: arb) -> arb:
    return 1 / (1 + (-x).exp())


def _softplus(z, shifted: bool):
    # Of the larger of the two arguments, so that the exponential stays finite.
    def value(x):
        y = x + (-x).exp().log1p() if x > 0 else x.exp().log1p()
        return y - arb(2).log() if shifted else y

    s = z.map(_logistic)
    return z.map(value), s, s * (1.0 - s)


def _sigmoid(z, shifted: bool):
    s = z.map(_logistic)
    d1 = s * (1.0 - s)
    return (s - 0.5 if shifted else s), d1, d1 * (1.0 - 2.0 * s)


def _leaky(z, slope: float):
    # Where the sign is not certain, any slope between the two may be the right one.
    b, spread = z.ball(), 0.5 * abs(1.0 - slope) + 2.0**-50 * (1.0 + abs(slope))
    certain, one = np.abs(b.mid) > b.rad, np.where(b.mid > 0, 1.0, slope)
    d1 = Ball(np.where(certain, one, 0.5 + 0.5 * slope), np.where(certain, 0.0, spread))
    return z * d1, d1, 0.0 * d1


KNOWN = {
    "identity": Activation(lambda z: (z, 0.0 * z + 1.0, 0.0 * z), 1.0, 0.0, 0.0, linear=True),
    "relu": Activation(partial(_leaky, slope=0.0), 1.0, 0.0, 0.0, kinked=True),
    "quadratic": Activation(lambda z: (z * z, 2.0 * z, 0.0 * z + 2.0), math.inf, 2.0, 0.0),
    "tanh": Activation(_tanh, 1.0, 0.77, 2.0),  # 4/(3 sqrt 3) at tanh^2 = 1/3; -2 at 0
    "erf": Activation(_erf, 1.1284, 0.9679, 2.2568),  # 2/sqrt pi; z^2 = 1/2; 4/sqrt pi at 0
    "sin": Activation(_sin, 1.0, 1.0, 1.0),
    "gelu": Activation(_gelu, 1.129, 0.798, 0.78),  # z^2 = 2; 0; 2 z^2 = 7 - sqrt 33
}


def activation(spec: SimpleNamespace) -> Activation:
    """The activation that a layer's specification names."""
    if spec.name == "leaky_relu":
        at, slope = partial(_leaky, slope=spec.slope), max(1.0, abs(spec.slope))
        return Activation(at, slope, 0.0, 0.0, kinked=spec.slope != 1.0)
    # With s the logistic function: s' <= 1/4, |s''| <= 1/(6 sqrt 3), |s'''| <= 1/8.
    if spec.name == "softplus":
        return Activation(partial(_softplus, shifted=spec.shifted), 1.0, 0.25, 0.0963)
    if spec.name == "sigmoid":
        return Activation(partial(_sigmoid, shifted=spec.shifted), 0.25, 0.0963, 0.125)
    return KNOWN[spec.name]
