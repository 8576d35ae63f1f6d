"""Following the condition of the certificates while a network is trained."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

from surefit.certificates import Point
from surefit.certificates.kantorovich_majorant import KantorovichMajorant
from surefit.core.condition_history import ConditionHistory, Moment
from surefit.core.jsonable import replace_json
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.curvature import linear_in_parameters, without_bound
from surefit.errors import SurefitError
from surefit.polishing import Polish
from surefit.problem import Problem
from surefit.training.setup import StopCondition

__all__ = ["ConditionWatch", "moment"]

# Residuals up to which the Gram matrix is formed again and again for this.
LARGEST = 1000
# Factors between moments of training. It pauses at powers of two, then at multiples of a chunk such
# as 1000, and early steps matter little: moments are 0, 1, 4, 16, 64, 256, 1000, 2000, 4000, ...
_EARLY, _LATE, _LATE_FROM = 3.9, 1.9, 1000
FILE = "condition.json"


@float64
def moment(problem: Problem, params: Params, time: float) -> Moment:
    """The condition at some weights.

    Cost:
        One Gram matrix, its eigenvalues, and nine curvature bounds.
    """
    try:
        point = Point.at(problem, params, quick=True)
    except SurefitError:  # weights on their way to a divergence
        return Moment(time, math.nan, math.nan, math.nan, math.nan)
    sigma, lipschitz = point.sigma.lower, point.lipschitz(0.0)
    if sigma <= 0.0 or not math.isfinite(lipschitz):
        return Moment(time, point.residual, max(sigma, 0.0), lipschitz, math.inf)
    found = KantorovichMajorant().assess(point, None, "descent").quantities
    return Moment(time, point.residual, sigma, found["lipschitz"], found["condition"])


class ConditionWatch:
    """Measures the condition at geometrically spaced steps of training.

    It stands where training asks whether to stop, passes the question on, and takes the occasion
    to measure. What it has measured is kept in a file, so that a run that is interrupted and goes
    on has the same history as one that never stopped.

    Args:
        problem: network, loss and data.
        params: the initial weights.
        stop: the stop condition of the run, if there is one.
        folder: survives an interruption.
        clock: how much time a step takes; 1 where time is counted in steps.
    """

    def __init__(
        self,
        problem: Problem,
        params: Params,
        stop: StopCondition | None,
        folder: Path,
        clock: float = 1.0,
    ) -> None:
        self._stop, self._clock, self._file = stop, clock, folder / FILE
        self.absent = _absent(problem, params)
        self._found = {} if self.absent else _kept(self._file)

    def __call__(self, problem: Problem, params: Params, step: int) -> bool:
        """Measure if it is time to, and answer what the stop condition answers."""
        if not self.absent and self._due(step):
            self._found[step] = moment(problem, params, step * self._clock)
            _keep(self._file, self._found)
        return self._stop is not None and self._stop(problem, params, step)

    def _due(self, step: int) -> bool:
        """A function of the steps measured before, and thus of the step alone."""
        if step in self._found:
            return False
        before = max((known for known in self._found if known < step), default=None)
        if not before:  # nothing yet, or the start only
            return True
        return step >= (_EARLY if step <= _LATE_FROM else _LATE) * before

    def history(
        self, problem: Problem, params: Params, time: float, polish: Polish | None
    ) -> ConditionHistory:
        """What was measured, with the end of training.

        Args:
            problem: network, loss and data.
            params: the weights at the end of training.
            time: when that was.
            polish: what happened to the weights afterwards.
        """
        if self.absent:
            return ConditionHistory(absent=self.absent)
        known = [self._found[step] for step in sorted(self._found)]
        training = [one for one in known if one.time < time] + [moment(problem, params, time)]
        steps = () if polish is None else polish.steps
        polished = tuple(
            Moment(float(one.number), one.residual, one.sigma, math.nan, one.condition)
            for one in steps
        )
        return ConditionHistory(tuple(training), polished)


def _absent(problem: Problem, params: Params) -> str:
    """Why nothing is measured; empty: it is."""
    if problem.loss.residual_scale(problem.samples) is None:
        return "The condition belongs to squared losses; this run has another one."
    if linear_in_parameters(problem, params):
        return (
            "The network is affine in its trained parameters, so that its Jacobian is constant: "
            "C = 0 throughout, and a certificate holds from the start if J is onto."
        )
    if problem.residuals > LARGEST:
        return (
            f"The Gram matrix of {problem.residuals} residuals is not formed again and again while "
            f"training (it is up to {LARGEST}), so that its smallest eigenvalue is not followed."
        )
    unknown = without_bound(problem, params)
    if unknown:
        return f"No bound on the curvature of this architecture is known: {unknown}."
    return ""


def _kept(file: Path) -> dict[int, Moment]:
    """What an earlier part of the run has measured."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return {int(step): Moment.from_dict(one) for step, one in data.items()}
    except (OSError, ValueError, KeyError, AttributeError):
        return {}


def _keep(file: Path, found: dict[int, Moment]) -> None:
    replace_json(file, {str(step): dataclasses.asdict(one) for step, one in found.items()})
