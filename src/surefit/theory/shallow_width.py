r"""The width of Theorem 3 of Song et al. (2021) as printed, with what it rests on."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
import numpy as np

from surefit.core.check import Check, Sense
from surefit.errors import InvalidInputError
from surefit.theory import conditions
from surefit.theory.setting import Setting
from surefit.theory.shallow.coefficients import AdmissibleDegree, admissible_degree
from surefit.theory.shallow_view import ShallowView, shallow_view

__all__ = ["PrintedWidth", "assumption_2", "printed_width"]


@dataclasses.dataclass(frozen=True)
class PrintedWidth:
    r"""$\max(n, \xi\,\sigma_{\max}(X)^2\sqrt n/\sigma_{\min}(X^{*t})^3)$.

    Args:
        samples: $n$, below which the features cannot be independent.
        equation_20: the other term; infinite where no degree gives a positive $\sigma_{\min}$.
        degree: $t$, chosen to prove most; None where there is none.
        checks: Assumption 2 and (19).
    """

    samples: int
    equation_20: float
    degree: AdmissibleDegree | None
    checks: tuple[Check, ...]

    @property
    def value(self) -> float:
        """The larger of both terms."""
        return max(float(self.samples), self.equation_20)

    @property
    def note(self) -> str:
        """The sentence about it, with the hidden constant."""
        broken = [check.name for check in self.checks if check.holds is False]
        rests = f", which does not hold here ({'; '.join(broken)})" if broken else ""
        if self.degree is None:
            return "Equation (20) has no value: no tensor power of the inputs is known to be onto."
        return (
            f"Equation (20) asks for a width of {self.equation_20:.3g} with xi = 1 (unstated) and "
            f"t = {self.degree.degree}; it rests on Assumption 2{rests}."
        )


def printed_width(setting: Setting, xi: float = 1.0) -> PrintedWidth | None:
    r"""Equation (20) for the user's data.

    Args:
        setting: what is asked about.
        xi: $\xi$, which the paper leaves unstated.

    Returns:
        The width and its terms; None for another network and for inputs that are not of unit norm,
        of which (20) does not speak.

    Cost:
        That of `admissible_degree`.
    """
    view = shallow_view(setting)
    if view is None:
        return None
    try:
        degree = admissible_degree(view.x, view.activation, view.omega1)
    except InvalidInputError:
        return None
    smallest = degree.power.smallest.value if degree is not None else 0.0
    width = (
        xi * setting.input_operator_norm**2 * math.sqrt(setting.problem.samples) / smallest**3
        if smallest > 0.0
        else math.inf
    )
    return PrintedWidth(setting.problem.samples, width, degree, assumption_2(setting, view))


def assumption_2(setting: Setting, view: ShallowView) -> tuple[Check, ...]:
    r"""$\|x_i\| = 1$, $\|Y\|_F \le 1$, $\phi(0) = 0$, and (19) with its hidden constant."""
    zero = abs(float(view.activation(jnp.zeros(1))[0]))
    width, inputs = view.weights.shape
    product = view.omega1 * view.omega2 * math.sqrt(inputs * width)
    return (
        conditions.unit_norm_inputs(setting),
        Check("||Y||_F", float(np.linalg.norm(view.y)), 1.0, Sense.AT_MOST,
              note="targets may be scaled; the network's outputs scale with them"),
        Check("|phi(0)|", zero, 0.0, Sense.AT_MOST),
        Check("omega_1 omega_2 sqrt(d_0 d_1)", product, 1.0, Sense.AT_MOST,
              note="equation (19), up to a constant", unstated=("xi",)),
    )  # fmt: skip
