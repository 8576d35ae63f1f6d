"""What published results ask of the width, on the data of a search."""

from __future__ import annotations

from surefit.core.widths import WidthDemand
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.theory import Setting
from surefit.training import GradientDescent
from surefit.training.lost_equilibrium import lost_equilibrium
from surefit.workflows.preparation import prepare_bench
from surefit.workflows.width_demands import width_demands

__all__ = ["asked_widths"]


def asked_widths(
    spec: WidthFinderSpec, samples: int | None, width: int | None
) -> tuple[WidthDemand, ...]:
    """What published results ask for on these data, smallest first.

    Args:
        spec: the search.
        samples: of the data; None: all.
        width: that was found; None: the largest stands for it.

    Returns:
        None for networks that are not fully connected, where the Gram matrix is too large, and
        where an equilibrium does not exist.
    """
    bench = prepare_bench(spec.certify(samples, width or spec.largest_width, spec.seed, 1))
    if bench.large or not bench.problem.loss.residual_scale(bench.problem.samples):
        return ()
    if lost_equilibrium(bench.problem, bench.params):  # no output, and no kernel
        return ()
    step = GradientDescent(step_size=spec.step_size).settle(bench.problem, bench.params, 1).spacing
    return width_demands(Setting(bench.problem, bench.params, step, dynamics=bench.method))
