"""Hypotheses about how the parameters move: method, loss and step size."""

from __future__ import annotations

import math

from surefit.core.check import Check, Sense
from surefit.core.projection import projects
from surefit.theory.setting import Setting

__all__ = ["runs", "squared_loss", "step_size_at_most"]

_WORDS = {"gradient_descent": "full-batch gradient descent", "gradient_flow": "gradient flow"}


def runs(setting: Setting, dynamics: str) -> Check:
    """The parameters move by the dynamics that the theorem is about.

    Undecided where the network projects its weights after a step: the theorem covers the run while
    no projection changes anything.
    """
    asked, given = (_WORDS.get(name, name) for name in (dynamics, setting.dynamics))
    note = f"this run is {given}"
    if asked != given:
        note += f"; the theorem is about {asked}, and its curve is drawn for orientation only"
    name = f"dynamics: {asked}"
    if asked == given and projects(setting.problem.network, setting.params):
        note += (
            ", with the weights brought back below their `norm_bound` after a step; the theorem is "
            "about descent without that and covers the run only while no bound is reached"
        )
        return Check.undecided(name, note)
    return Check.from_flag(name, dynamics == setting.dynamics, note)


def squared_loss(setting: Setting) -> Check:
    r"""The loss is a multiple of $\|f - y\|^2$; steps are converted by that multiple."""
    scale = setting.loss_scale
    loss = type(setting.problem.loss).__name__
    note = (
        f"{loss} is {scale:.4g} times the squared residual norm"
        if scale
        else f"{loss} is no multiple of the squared residual norm; the theorem is silent about it"
    )
    return Check.from_flag("squared loss", scale is not None, note)


def step_size_at_most(
    setting: Setting,
    bound: float,
    unstated: tuple[str, ...] = (),
    note: str = "",
    strict: bool = False,
) -> Check:
    r"""$\eta \le$ (or, if `strict`, $<$) `bound`, both for the problem's own loss."""
    if setting.dynamics == "gradient_flow":
        return Check.undecided("step size", "gradient flow has no step", unstated=unstated)
    if math.isnan(bound):
        return Check.undecided("step size", "no bound on the step is known here", unstated=unstated)
    sense = Sense.LESS if strict else Sense.AT_MOST
    return Check("step size", setting.step_size, bound, sense, note=note, unstated=unstated)
