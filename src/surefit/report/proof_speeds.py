"""Pictures of proved speeds: down to a floor, over batches, of flow, and of a contraction."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from surefit.report.numbers import number
from surefit.report.plot import Line, Plot

__all__ = ["SPEEDS"]

POINTS = 200
Numbers = Mapping[str, float]


def _floor(numbers: Numbers, ident: str) -> Plot:
    r"""$\lVert r_0\rVert(1 - a)^k$ and the floor, added."""
    r, contraction, floor = (numbers[name] for name in _FLOOR)
    away = max(math.log(10.0 * r / floor), 1.0) / -math.log1p(-min(contraction, 0.999))
    k = np.linspace(0.0, min(away, numbers.get("steps", math.inf)), POINTS)
    falling = r * np.exp(k * math.log1p(-min(contraction, 0.999)))
    return Plot(
        ident=f"floor-{ident}",
        title="How far rounding lets the residual fall",
        about=(
            "After k steps the residual norm is at most the upper curve: what is left of the "
            "residual at the saved weights, and a floor that the errors of the steps keep up. The "
            "floor is an upper bound; a run may fall below it."
        ),
        x_axis="step",
        y_axis="bound of the residual norm",
        lines=(
            Line("bound of the residual norm", k, falling + floor, width=3.5),
            Line("without errors", k, falling, "var(--line-2)", "dash", promised=True),
            Line("floor", k, np.full(POINTS, floor), "var(--line-3)", "dot", promised=True),
        ),
        log_y=True,
        over_time=True,
    )


def _stochastic(numbers: Numbers, ident: str) -> Plot:
    r"""$(1 - a)^k$."""
    contraction, failure = (numbers[name] for name in _STOCHASTIC)
    rate = math.log1p(-min(contraction, 0.999))
    k = np.linspace(0.0, -math.log(1e6) / rate, POINTS)
    return Plot(
        ident=f"batches-{ident}",
        title="How fast batches lead to zero loss",
        about=(
            "The squared distance to the weights with zero loss, over that at the saved weights, "
            "in the mean over all draws of batches: at most this, counting only runs that have "
            f"stayed near so far. All but a part of {number(failure)} of the runs do so for ever."
        ),
        x_axis="step",
        y_axis="mean squared distance, relative",
        lines=(Line("mean squared distance, at most", k, np.exp(k * rate), width=3.5),),
        log_y=True,
        over_time=True,
    )


def _flow_of_classes(numbers: Numbers, ident: str) -> Plot:
    r"""$2/(\gamma + e^\gamma + gt)$."""
    total, margin, norm, degree, scale = (numbers[name] for name in _CLASSES)
    start, gain = margin + math.exp(margin), scale * (degree * margin / norm) ** 2
    t = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, POINTS) * start / gain])
    bound = np.minimum(2.0 / (start + gain * t), total)
    return Plot(
        ident=f"classes-{ident}",
        title="How long flow may take",
        about=(
            "The sum of the losses along gradient flow, at time t: at most this. It never rises, "
            "and falls at least like a constant over the time, so that all samples stay right."
        ),
        x_axis="time t",
        y_axis="bound of the sum of the losses",
        lines=(
            Line("sum of the losses, at most", t, bound, width=3.5),
            Line("ln 2", t, np.full(len(t), math.log(2.0)), "var(--no)", "dot", 1.8, promised=True),
        ),
        log_y=True,
        log_x=True,
        over_time=True,
    )


def _equilibria(numbers: Numbers, ident: str) -> Plot:
    """The factor of the contraction is linear in the radius, and 1 at the largest."""
    radius, largest, modulus = (numbers[name] for name in _EQUILIBRIA)
    rho = np.linspace(0.0, 1.1 * largest, POINTS)
    slope = (1.0 - modulus) / (largest - radius) if largest > radius else 0.0
    return Plot(
        ident=f"equilibria-{ident}",
        title="How far weights may move before an equilibrium could be lost",
        about=(
            "Applying the layer brings states nearer to each other by at most this factor, for all "
            "weights within a distance of the saved ones. Below 1 there is exactly one equilibrium."
        ),
        x_axis="distance from the saved weights",
        y_axis="factor per application",
        lines=(
            Line("factor, at most", rho, modulus + slope * (rho - radius), width=3.5),
            Line("1: beyond, nothing is known", rho, np.ones(POINTS), "var(--no)", "dot", 1.8,
                 promised=True),
            Line("ball of the statement", np.array([radius]), np.array([modulus]),
                 "var(--line-3)", symbol="diamond", promised=True),
        ),
        over_time=False,
    )  # fmt: skip


_FLOOR = ("residual_norm", "contraction", "floor")
_STOCHASTIC = ("contraction", "failure_probability")
_CLASSES = ("loss_sum", "smoothed_margin", "weight_norm", "degree", "loss_scale")
_EQUILIBRIA = ("ball_radius", "largest_radius", "modulus")

# From the numbers that a picture needs to it.
SPEEDS = {
    _FLOOR: _floor,
    _STOCHASTIC: _stochastic,
    _CLASSES: _flow_of_classes,
    _EQUILIBRIA: _equilibria,
}
