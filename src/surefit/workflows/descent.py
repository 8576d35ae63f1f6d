"""How a run steps: the method that its spec asks for, and the step that certificates speak of."""

from __future__ import annotations

from typing import Any

from surefit.training import METHODS, GradientFlow, Method
from surefit.workflows.preparation import Bench

__all__ = ["chosen_method", "step_of_descent"]


def chosen_method(bench: Bench) -> Method:
    """The method of a run, not settled yet."""
    spec = bench.spec
    options: dict[str, Any] = {"step_size": spec.step_size}
    if spec.batch_size is not None:
        options["batch_size"] = spec.batch_size
    elif bench.method == "sgd":  # its own choice, as far as there are samples
        options["batch_size"] = min(METHODS["sgd"]().batch_size, bench.problem.samples)
    if bench.method == "gradient_flow":
        options = {}
    return METHODS[bench.method](**options)


def step_of_descent(method: Method) -> float | None:
    """The step that certificates speak of; after gradient flow each theorem chooses its own."""
    return None if isinstance(method, GradientFlow) else method.spacing
