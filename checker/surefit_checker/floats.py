r"""Activations in float64, with the errors that the libraries' functions are assumed to have.

Assumed of NumPy's tanh, sin, cos, exp and log1p at a float: an error of at most $2^{-48}\max(1,
|\text{value}|)$, 32 units in the last place. `Floats.agrees` compares with enclosures by Arb.
"""

import dataclasses
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np

from surefit_checker.ball import Ball, U
from surefit_checker.layers.dense import Dense
from surefit_checker.verdict import demand

TAU, TAU_DERIVATIVES = 2.0**-47, 2.0**-44  # made of a few such functions, none above 2


def _tanh(z):
    t = np.tanh(z)
    square = t * t
    return t, np.subtract(1.0, square, out=square), lambda d1: -2.0 * t * d1


def _sin(z):
    t = np.sin(z)
    return t, np.cos(z), lambda d1: -t


def _sigmoid(shift: float, softplus: bool):
    def at(z):
        small = np.exp(-np.abs(z))  # never overflows
        s = np.where(z > 0, 1.0, small) / (1.0 + small)
        if softplus:
            return np.maximum(z, 0.0) + np.log1p(small) - shift, s, lambda d1: d1 * (1.0 - d1)
        return s - shift, s * (1.0 - s), lambda d1: d1 * (1.0 - 2.0 * s)

    return at


@dataclasses.dataclass(frozen=True)
class Floats:
    r"""An activation: `at` returns $\phi$, $\phi'$ and a function from $\phi'$ to $\phi''$."""

    at: Callable
    unbounded: bool = False

    def error(self, largest: float) -> float:
        """Of the value, where no pre-activation is larger."""
        return TAU + 4 * U * largest if self.unbounded else TAU

    def agrees(self, hidden: Dense, features: Ball) -> bool:
        """Whether the enclosures of an evaluated layer allow the assumed errors."""
        z, bound = hidden.z, hidden.activation
        value, d1, bent = self.at(z.mid)
        error = self.error(float(np.max(np.abs(z.mid))))
        known = (
            (value, features, error, bound.slope),
            (d1, hidden.d1, TAU_DERIVATIVES, bound.bend),
            (bent(d1), hidden.d2, TAU_DERIVATIVES, bound.third),
        )
        return all(
            (np.abs(x - ball.mid) <= tau + 2 * ball.rad + 2 * slope * z.rad).all()
            for x, ball, tau, slope in known
        )


def floats(spec: SimpleNamespace) -> Floats:
    """Of the activation that a layer's specification names."""
    shifted = getattr(spec, "shifted", False)
    known = {
        "tanh": Floats(_tanh),
        "sin": Floats(_sin),
        "sigmoid": Floats(_sigmoid(0.5 if shifted else 0.0, softplus=False)),
        "softplus": Floats(_sigmoid(float(np.log(2.0)) if shifted else 0.0, True), unbounded=True),
    }
    fits = spec.name in known
    demand(fits, f"shadowing knows the activations {sorted(known)}, not {spec.name!r}")
    return known[spec.name]
