"""The facts of a run's problem, as its record keeps them."""

from __future__ import annotations

from typing import Any

from surefit.training import Method
from surefit.workflows.preparation import Bench

__all__ = ["problem_facts"]


def problem_facts(bench: Bench, method: Method, left_out: str) -> dict[str, Any]:
    """Sizes, step and preparation.

    Args:
        bench: the run.
        method: settled.
        left_out: what the size of the problem forbids, in words; empty: nothing.
    """
    problem, prepared = bench.problem, bench.prepared
    scale = problem.loss.residual_scale(problem.samples)
    return {
        "samples": problem.samples,
        "outputs": problem.outputs,
        "width": bench.spec.width,
        "parameters": problem.parameters(bench.params),
        "residuals": problem.residuals,
        "step_size": method.spacing,
        **({} if bench.spec.method != "auto" else {"method": bench.method}),
        **({} if scale is None else {"loss_smoothness": 2.0 * scale}),
        **({} if bench.spec.gamma is None else {"gamma": bench.spec.gamma}),
        "preparation": prepared.description,
        "label_coding": prepared.code.describe(),
        **prepared.facts,
        **({"left_out": left_out} if left_out else {}),
    }
