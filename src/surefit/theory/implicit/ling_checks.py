"""The hypotheses of Ling et al. (2023) on a problem, and what would repair a failing one."""

from __future__ import annotations

import math

import numpy as np

from surefit.core.check import Check, Sense
from surefit.errors import InvalidInputError
from surefit.implicit.limits import ling_limit
from surefit.theory.conditions import enclosed, positive_definite
from surefit.theory.implicit.ling_condition import BallOfLing, best_ball, largest_output_factor
from surefit.theory.implicit.ling_network import (
    LingNetwork,
    ling_network,
    ling_norms,
    state_gram_smallest,
)
from surefit.theory.implicit.memo import per_setting
from surefit.theory.setting import Setting

__all__ = [
    "ball",
    "condition_1",
    "ling_network_checks",
    "repair",
    "repairing_output_scale",
    "theorem_2_width",
]


def ling_network_checks(setting: Setting) -> tuple[Check, ...]:
    """Architecture, and whether all three weights are trained."""
    network, name = ling_network(setting), "implicit ReLU network without skip term, unscaled"
    if not isinstance(network, LingNetwork):
        note = f"{network}; models.ling is the network of the paper"
        return (Check.from_flag(name, False, note),)
    fixed = [key for key, layer in network.layers.items() if not layer.trained]
    note = f"fixed: {', '.join(fixed)}" if fixed else "none is fixed"
    return (
        Check.from_flag(name, True, f"width {network.width}"),
        Check.from_flag("W, U, a all trained", not fixed, note),
    )


@per_setting
def ball(setting: Setting) -> BallOfLing | None:
    r"""The best ball, from the unfavourable ends of all enclosures.

    None for other networks, where $\|W(0)\| \ge 1$ and where $\lambda_0$ is not known to be
    positive.
    """
    norms, smallest = ling_norms(setting), state_gram_smallest(setting)
    if norms is None or smallest is None or not smallest.lower > 0.0:
        return None
    w, u, a = (norm.upper for norm in norms)
    return best_ball(w, u, a, _inputs(setting), setting.residual_norm.upper, smallest.lower)


def condition_1(setting: Setting) -> tuple[Check, ...]:
    r"""$\|W(0)\| < 1$, $\lambda_0 > 0$ and (7) to (9) at the best $\delta$."""
    norms = ling_norms(setting)
    if norms is None:
        return ()
    smallest = state_gram_smallest(setting)
    first = (
        enclosed("||W(0)||", norms[0], 1.0, Sense.LESS, "else there is no ball around the start"),
        positive_definite("lambda_0 = smallest eigenvalue of Z Z^T at the start", smallest),
    )
    found = ball(setting)
    if found is None:
        return first
    names = ("(7) stay in the ball", "(8) keep lambda_min(G)", "(9) dominate cross terms")
    notes = [f"at delta = {found.delta:.4g}; slack {slack:.3g}" for slack in found.slacks]
    if found.slacks[2] < 1.0:
        limit = (1.0 - found.w - found.delta) / (2.0 * math.sqrt(setting.problem.samples))
        notes[2] += (
            f"; it needs ||a(0)|| + delta <= (1 - ||W(0)|| - delta) / (2 sqrt(n)) = {limit:.3g} at "
            f"least, and ||a(0)|| = {found.a:.3g}: out of reach for the start of the paper, use "
            f"models.ling(output_scale=...) of at most {repairing_output_scale(setting):.3g}"
        )
    if found.slacks[0] < 1.0 or found.slacks[1] < 1.0:
        notes[0] += f"; the residual norm at the start is {found.e0:.3g}, smaller ones help"
    return first + tuple(
        Check(name, found.least, bound, Sense.AT_LEAST, note=note)
        for name, bound, note in zip(names, found.bounds, notes, strict=True)
    )


def repairing_output_scale(setting: Setting) -> float:
    r"""The largest $\kappa$ with which (9) holds for small $\delta$, on this data and draw.

    $\kappa$ multiplies the output weights of the draw; $\lambda_0$ does not depend on it. NaN for
    other networks and where $\lambda_0$ is not known to be positive. For (7) and (8) to hold as
    well, take less and be close to the targets: their slacks depend on $e_0$ and on the width.
    """
    network, found = ling_network(setting), ball(setting)
    if found is None or not isinstance(network, LingNetwork):
        return math.nan
    factor = largest_output_factor(found.w, found.u, found.a, found.x, found.least)
    return factor * network.output_scale


def theorem_2_width(setting: Setting, constant: float = 1.0) -> float | None:
    r"""$C\frac{n^2}{\lambda_*^2}\log\frac n{\lambda_*\delta}$, Theorem 2, with $C$ unstated.

    From there on $\lambda_0 \ge \frac m2\lambda_*$ with probability $1 - \delta$ over the start,
    $\lambda_*$ being the smallest eigenvalue of the limit of $ZZ^\top/m$.

    Args:
        setting: what is asked about.
        constant: $C$.

    Returns:
        The width; None for other networks and for inputs that are not of norm $\sqrt d$.
    """
    network = ling_network(setting)
    if not isinstance(network, LingNetwork):
        return None
    try:
        limit = ling_limit(np.asarray(setting.problem.x), network.sigma_w_squared)
    except InvalidInputError:
        return None
    n, least = setting.problem.samples, float(limit.lambda_star)
    if least <= 0.0:
        return math.inf
    return constant * n**2 / least**2 * math.log(n / (least * setting.failure_probability))


def repair(setting: Setting) -> str:
    """What Condition 1 allows on this data, and the width of Theorem 2."""
    found, width = ball(setting), theorem_2_width(setting)
    text = (
        f"lambda_0 = {found.least:.4g}, delta = {found.delta:.4g}, slacks of (7)-(9) "
        f"{', '.join(f'{slack:.3g}' for slack in found.slacks)}; (9) allows an output scale of at "
        f"most {repairing_output_scale(setting):.3g} here, and it cannot hold for the scale 1 of "
        "Assumption 1."
    )
    if width is not None:
        text += f" Theorem 2 asks for a width of {width:.3g} times an unstated constant."
    return text


def _inputs(setting: Setting) -> float:
    return float(np.linalg.norm(setting.input_norms))
