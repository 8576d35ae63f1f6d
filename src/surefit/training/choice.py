"""Methods and monitors from names, instances or nothing."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable
from typing import Any

from surefit.core.layer import Params
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.problem import Problem
from surefit.training.method import Method
from surefit.training.methods import METHODS, GradientDescent
from surefit.training.monitor import Monitor
from surefit.training.monitors import MONITORS

__all__ = ["choose_method", "choose_monitors"]

# Always there, whoever computes them.
STANDARD = "standard"
_BASE = ("loss", "squared_residual")
# Operations of one measurement (some seconds) above which nobody gets it without asking for it.
_STANDARD_FLOPS = 1e11


def choose_method(method: Any) -> Method:
    """The method; a name stands for its defaults.

    Raises:
        InvalidInputError: neither a method nor a name.
        UnknownNameError: no method has the name.
    """
    if method is None:
        return GradientDescent()
    if isinstance(method, str):
        return METHODS[method]()
    if not isinstance(method, Method):
        raise InvalidInputError(
            f"`train(method=...)` must be a method or the name of one. Got {_shown(method)}. "
            f"Known names: {', '.join(METHODS)}. Write an instance, for example "
            "`GradientDescent(step_size=0.1)`, or a name."
        )
    return method


def choose_monitors(
    problem: Problem, params: Params, asked: Iterable[Any] | None
) -> tuple[Monitor, ...]:
    """The monitors without loss and squared residual, sorted by name.

    Args:
        problem: what they are to measure.
        params: its parameters.
        asked: instances and names; `STANDARD` among them, or None, stands for all that can be
            measured at a reasonable price.

    Raises:
        InvalidInputError: one that was asked for cannot measure this problem; two series would
            have the same name.
        UnknownNameError: no monitor has the name.
    """
    if isinstance(asked, str):
        raise InvalidInputError(
            f"`train(monitors=...)` must be a list. Got the text {asked!r}. Several quantities can "
            f"be watched at once. Write monitors=[{asked!r}]."
        )
    chosen: list[Monitor] = []
    for item in (STANDARD,) if asked is None else asked:
        if isinstance(item, str) and item == STANDARD:
            candidates = [MONITORS[name]() for name in MONITORS if MONITORS[name].standard]
            chosen += [m for m in candidates if _by_itself(m, problem, params)]
        else:
            monitor = _monitor(item)
            _require_measurable(monitor, problem, params)
            chosen.append(monitor)
    chosen = [m for m in dict.fromkeys(chosen) if m.name not in _BASE]
    chosen.sort(key=lambda m: m.name)
    for first, second in itertools.pairwise(chosen):
        if first.name == second.name:
            raise InvalidInputError(
                f"`train(monitors=...)` must have names of its own for every series. Got {first!r} "
                f"and {second!r}, both named {first.name!r}. Give one of the classes another "
                "`name`."
            )
    return tuple(chosen)


def _monitor(item: Any) -> Monitor:
    if isinstance(item, Monitor):
        return item
    if isinstance(item, str):
        if item not in MONITORS:
            known = (STANDARD, *MONITORS)
            raise UnknownNameError("`train(monitors=...)`: a monitor", item, known)
        return MONITORS[item]()
    raise InvalidInputError(
        f"`train(monitors=...)` must hold monitors or names of monitors. Got {_shown(item)}. Known "
        f"names: {', '.join(MONITORS)}. Write an instance or a name."
    )


def _by_itself(monitor: Monitor, problem: Problem, params: Params) -> bool:
    if monitor.expensive and monitor.flops(problem, params) > _STANDARD_FLOPS:
        return False
    return monitor.obstacle(problem, params) is None


def _require_measurable(monitor: Monitor, problem: Problem, params: Params) -> None:
    obstacle = monitor.obstacle(problem, params)
    if obstacle is not None:
        raise InvalidInputError(
            f"`train(monitors=...)` must be able to measure the problem. Got {monitor.name!r}, "
            f"which cannot. {obstacle}"
        )


def _shown(thing: Any) -> str:
    return f"the class {thing.__name__}" if inspect.isclass(thing) else repr(thing)
