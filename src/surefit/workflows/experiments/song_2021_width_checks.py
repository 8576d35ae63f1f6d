"""The orders of the width that the conditions of Song et al. (2021) imply, as checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from surefit.core.check import Check, Evidence
from surefit.core.laws import fit_power_law

__all__ = ["FORMS", "WidthForm", "orders", "width_checks"]

# How far a fitted order may be from the exponent.
TOLERANCE = 0.1


@dataclasses.dataclass(frozen=True)
class WidthForm:
    r"""One condition on the start.

    Args:
        title: what it is called on the page.
        form: `descent` or `flow`.
        smoothness: how $\beta$ is made a number.
        order: exponent of $n$ in $d_0d_1$ for $n \sim d_0^2$, $\omega_1 = 1$.
        why: in a sentence.
    """

    title: str
    form: str
    smoothness: str
    order: float
    why: str


FORMS = {
    "assumed_descent": WidthForm(
        "paper's form, output weights assumed small", "descent", "assumed", 1.5,
        "Equation (21) of the paper.",
    ),
    "fixed_point_descent": WidthForm(
        "paper's form, output weights proved", "descent", "fixed_point", 5.0 / 3.0,
        "In the ball of radius mu / (2 beta) the output weights can grow to about sqrt(mu / "
        "sigma_max(X)), which enters beta: d_1 of order n^(7/6).",
    ),
    "assumed_flow": WidthForm(
        "sharp form (flow), output weights assumed small", "flow", "assumed", 1.0,
        "Without the factor nu / mu: d_1 of order n^(1/2), which d_1 >= n, needed as well, "
        "overtakes in the end.",
    ),
    "fixed_point_flow": WidthForm(
        "sharp form (flow), output weights proved", "flow", "fixed_point", 1.0,
        "The ball is small enough here for the output weights not to matter.",
    ),
}  # fmt: skip
"""The conditions that are compared."""


def orders(found: Sequence[Mapping[str, float]]) -> dict[str, tuple[float, float]]:
    """Slope of log(d_0 d_1) over log n and its standard error, for every form.

    Args:
        found: one entry per size and draw: `inputs`, `samples`, and a width for every form.
    """
    n = [item["samples"] for item in found]
    result = {}
    for key in FORMS:
        law = fit_power_law(n, [item["inputs"] * item[key] for item in found])
        result[key] = law.exponent, law.error
    return result


def width_checks(slopes: Mapping[str, tuple[float, float]], init: str) -> tuple[Check, ...]:
    """Every fitted order against its exponent; undecided for starts without a known one."""
    checks = []
    for key, (slope, error) in slopes.items():
        form = FORMS[key]
        name = f"order of d_0 d_1 in n, {form.title}: distance from {form.order:.3g}"
        if init != "song":
            note = (
                f"Found {slope:.3f} +- {error:.3f}; the order is known for the start `song` only."
            )
            checks.append(Check.undecided(name, note))
            continue
        note = f"Found {slope:.3f} +- {error:.3f}. {form.why}"
        distance = abs(slope - form.order)
        checks.append(Check(name, distance, TOLERANCE, evidence=Evidence.SAMPLED, note=note))
    return tuple(checks)
