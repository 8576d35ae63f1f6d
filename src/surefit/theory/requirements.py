"""What convergence to a target asks of width, step and iterations, beside what suffices."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from surefit.core.precision import float64
from surefit.core.trajectory import Trajectory
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.theory.deep.demands import CONSTANTS, Demand, Sizes, deep_demands
from surefit.theory.deep.sizes import deep_sizes
from surefit.theory.practice import Practice, practice
from surefit.theory.setting import Setting

__all__ = ["Requirements", "requirements"]


@dataclasses.dataclass(frozen=True)
class Requirements:
    """What every result asks for, and what suffices.

    Args:
        demands: the results.
        practice: what suffices in practice.
        target_loss: the loss that is to be reached.
    """

    demands: tuple[Demand, ...]
    practice: Practice
    target_loss: float

    def __getitem__(self, result: str) -> Demand:
        """What one result asks for.

        Raises:
            UnknownNameError: no result has that name.
        """
        for demand in self.demands:
            if demand.row.result == result:
                return demand
        raise UnknownNameError("result", result, [item.row.result for item in self.demands])

    def gaps(self, demand: Demand) -> dict[str, float | None]:
        """How many times more than in practice: width, inverse step, iterations."""
        practice = self.practice

        def ratio(asked: float | None, enough: float) -> float | None:
            finite = asked is not None and 0.0 < enough < math.inf
            return asked / enough if finite else None

        step = demand.half_step
        return {
            "width": ratio(demand.row.width, float(practice.width)),
            "step": ratio(practice.half_step, step) if step else None,
            "iterations": ratio(demand.iterations, practice.iterations),
        }


@float64
def requirements(
    setting: Setting,
    target_loss: float,
    constants: Mapping[str, float] | None = None,
    run: Trajectory | None = None,
) -> Requirements:
    r"""Width, step and iterations that results on deep networks ask for, condition by condition.

    Args:
        setting: the problem, its start and dynamics.
        target_loss: $\epsilon$, the loss that is to be reached; iterations are proportional to
            $\log(F_0/\epsilon)$.
        constants: values of hidden constants, by the names in `surefit.theory.deep.demands`; 1
            where not given. Fitted ones make the formulas those of a measured run.
        run: a run of the problem; None: what suffices is predicted from the kernel at the start.

    Returns:
        The demands, each with the condition that binds and its provenance, and the gap to what
        suffices.

    Raises:
        InvalidInputError: the target or a constant is not positive and finite, the loss is no
            multiple of the square, or there is no hidden layer.
        UnknownNameError: no constant has that name.

    Cost:
        The closest pair of samples, the limit kernel of the last layer, and the Gram matrix.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> from surefit.theory import Setting
        >>> from surefit.theory.requirements import requirements
        >>> problem = sf.Problem(sf.models.fully_connected(64, 2), np.eye(4), np.ones(4))
        >>> found = requirements(Setting(problem, problem.init(0), 1e-3), target_loss=1e-3)
        >>> found["allen_zhu_2019"].row.binding.formula
        'first-order error: n^24 L^12 d log^5(m) / delta^8'
    """
    _require_positive("target_loss=...", target_loss, "It is the loss that training should reach.")
    chosen = dict.fromkeys(CONSTANTS, 1.0)
    for name, value in (constants or {}).items():
        if name not in CONSTANTS:
            raise UnknownNameError("hidden constant", name, CONSTANTS)
        _require_positive(f"constants={{{name!r}: ...}}", value, "It multiplies a width.")
        chosen[name] = float(value)
    sizes = _sizes_for(setting, target_loss)
    return Requirements(
        demands=tuple(deep_demands(sizes, chosen)),
        practice=practice(setting, target_loss, run),
        target_loss=target_loss,
    )


def _sizes_for(setting: Setting, target: float) -> Sizes:
    sizes = deep_sizes(setting)
    if sizes is None or not setting.loss_scale:
        raise InvalidInputError(
            "`requirements(setting=...)` must be about a network with hidden dense layers, inputs "
            f"that are not zero, and a multiple of the squared loss. Got {setting.problem.loss!r} "
            f"and {setting.problem.network!r}. The formulas are about these. Use `HalfSquared()` "
            "and `models.fully_connected`."
        )
    start = float(setting.problem.objective(setting.params))
    return dataclasses.replace(sizes, decrease=max(math.log(start / target), 0.0) if start else 0.0)


def _require_positive(name: str, value: float, why: str) -> None:
    if not 0.0 < value < math.inf:
        raise InvalidInputError(
            f"`requirements({name})` must be positive and finite. Got {value}. {why} Write a "
            "number like 1e-3."
        )
