"""Powers of the width fitted to draws, and the laws that they are held against."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from surefit.core.check import Check, Evidence
from surefit.core.laws import fit_power_law
from surefit.workflows.experiments.width_study_draw import Draw

__all__ = ["LAWS", "ORDER", "Law", "Power", "fit_power", "fit_powers", "width_study_checks"]

ORDER = -0.5
"""The power of the width in all three laws."""
TOLERANCE = 0.1
"""How far a fitted power may be from it."""


@dataclasses.dataclass(frozen=True)
class Law:
    """A quantity that falls like a power of the width.

    Args:
        title: what it is called on the page.
        symbol: the same as a formula, for the head of a column.
        value: the quantity of one draw.
        why: where the power comes from, in a sentence.
    """

    title: str
    symbol: str
    value: Callable[[Draw], float]
    why: str


LAWS = {
    "kernel": Law(
        "relative error of the kernel at the start", "‖K(0) - K_∞‖_F / ‖K_∞‖_F",
        lambda draw: draw.kernel_error,
        "K(0) is a mean over m units of every layer, which fluctuates by 1 / sqrt(m).",
    ),
    "operator": Law(
        "movement in operator norm", "max_l ‖W_T - W_0‖_2",
        lambda draw: draw.operator,
        "Gradients are of size sqrt(m) and steps of size 1 / m.",
    ),
    "frobenius": Law(
        "movement in Frobenius norm", "‖W_T - W_0‖_F",
        lambda draw: draw.frobenius,
        "Theorem 1 bounds it by a multiple of log(m) / sqrt(m).",
    ),
}  # fmt: skip
"""The laws that are measured."""


@dataclasses.dataclass(frozen=True)
class Power:
    r"""A fitted power $y \approx c\,m^s$.

    Args:
        slope: $s$.
        error: its standard error.
        constant: $c$.
    """

    slope: float
    error: float
    constant: float

    @property
    def half_width(self) -> float:
        """Two standard errors: 95 % where there are many draws."""
        return 2.0 * self.error

    def __str__(self) -> str:
        return f"{self.slope:.3f} +- {self.half_width:.3f}"


def fit_power(m: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]) -> Power:
    r"""Least squares of $\log y$ over $\log m$; nothing is known where a value is not positive."""
    if not np.all(y > 0.0):
        return Power(np.nan, np.nan, np.nan)
    law = fit_power_law(m, y)
    return Power(law.exponent, law.error, law.constant)


def fit_powers(draws: Sequence[Draw]) -> dict[str, Power]:
    """The power of every law, from all draws."""
    widths = np.array([float(draw.width) for draw in draws])
    return {
        key: fit_power(widths, np.array([law.value(draw) for draw in draws]))
        for key, law in LAWS.items()
    }


def width_study_checks(draws: Sequence[Draw]) -> tuple[Check, ...]:
    """Every power against -1/2, and whether the loss fell in every draw.

    A power whose interval reaches further than the tolerance to either side decides nothing.
    """
    checks = []
    for key, power in fit_powers(draws).items():
        law = LAWS[key]
        name = f"power of m in the {law.title}: distance from -1/2"
        note = f"Found {power} (two standard errors). {law.why}"
        if not power.half_width <= TOLERANCE:
            note += " The draws do not decide it to within the tolerance; take more, or more widths"
            checks.append(Check.undecided(name, f"{note}.", evidence=Evidence.SAMPLED))
            continue
        distance = abs(power.slope - ORDER)
        checks.append(Check(name, distance, TOLERANCE, evidence=Evidence.SAMPLED, note=note))
    largest = max(float(draw.loss[1] / draw.loss[0]) for draw in draws)
    complaints = [draw.complaint for draw in draws if draw.complaint]
    return (
        *checks,
        Check("loss at the end over loss at the start, largest of all draws",
              float("inf") if complaints else largest, 1.0,
              note=complaints[0] if complaints else ""),
    )  # fmt: skip
