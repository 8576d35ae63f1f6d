"""What results on deep networks ask of width, step and iterations, as a run records it."""

from __future__ import annotations

import math

from surefit.core.demands import Demands, ResultDemand
from surefit.core.trajectory import Status, Trajectory
from surefit.theory import Setting
from surefit.theory.deep.demands import Demand
from surefit.theory.deep.sizes import deep_sizes
from surefit.theory.requirements import Requirements, requirements

__all__ = ["deep_demands"]


def deep_demands(setting: Setting, trajectory: Trajectory) -> Demands | None:
    """What results ask for to reach the loss at which the run ended, beside what the run took.

    Args:
        setting: the user's problem, start and dynamics.
        trajectory: the run.

    Returns:
        The table; None for networks without two hidden dense layers, for other losses than the
        squared one, and for runs whose loss did not fall.

    Cost:
        That of `surefit.theory.requirements.requirements`.
    """
    structure = setting.structure
    if not structure.fully_connected or len(structure.dense) < 3 or not setting.loss_scale:
        return None
    losses = trajectory["loss"].values
    first, last = float(losses[0]), float(losses[-1])
    fell = trajectory.status is not Status.DIVERGED and 0.0 < last < first < math.inf
    if not fell or deep_sizes(setting) is None:
        return None
    # Time on the clock of a flow counts no steps: there the kernel predicts them.
    run = None if setting.dynamics == "gradient_flow" else trajectory
    found = requirements(setting, last, run=run)
    practice = found.practice
    return Demands(
        target_loss=last,
        width=float(practice.width),
        step=setting.own_step(practice.half_step),
        iterations=practice.iterations,
        measured=practice.measured,
        rows=tuple(_row(setting, found, demand) for demand in found.demands),
    )


def _row(setting: Setting, found: Requirements, demand: Demand) -> ResultDemand:
    row = demand.row
    return ResultDemand(
        result=row.result,
        network=row.network,
        dynamics=row.dynamics,
        conditions=tuple((item.formula, item.width) for item in row.requirements),
        width=row.width,
        step=None if demand.half_step is None else setting.own_step(demand.half_step),
        iterations=demand.iterations,
        gaps=found.gaps(demand),
        unstated=row.unstated,
        provenance=str(row.provenance),
        note=row.note,
    )
