"""The prediction of a kernel beside a trained network, as the record of a run keeps it."""

from __future__ import annotations

import numpy as np

from surefit.core.panels import CurveLine
from surefit.function_space import FunctionSpace
from surefit.layers import Centred
from surefit.problem import Problem
from surefit.runs.kernel_spec import KernelSpec
from surefit.workflows.kernels.compare import Comparison, compare_with_training
from surefit.workflows.kernels.networks import build_network
from surefit.workflows.kernels.samples import Samples
from surefit.workflows.listener import Listener

__all__ = ["compare_at_width", "comparison_lines", "comparison_numbers"]


def compare_at_width(
    spec: KernelSpec, samples: Samples, space: FunctionSpace, listener: Listener
) -> Comparison:
    """Train a network of the spec's width beside the prediction.

    Args:
        spec: names width and steps.
        samples: training and test data.
        space: the prediction.
        listener: hears of progress.
    """
    network = build_network(
        spec, samples.prepared.y.shape[1], samples.x.shape[1:], spec.compare_width
    )
    # It starts at 0, as the mean of an ensemble does.
    problem = Problem(Centred(network), samples.x, samples.prepared.y)
    listener.stage(f"Training at width {spec.compare_width}, {spec.compare_steps} steps")
    return compare_with_training(
        problem,
        problem.init(spec.seed),
        samples.x_test,
        space=space,
        steps=spec.compare_steps,
        progress=listener.training,
    )


def comparison_lines(found: Comparison, n: int) -> list[CurveLine]:
    """The losses of both, per sample of `n`."""
    times = found.steps.astype(np.float64)
    return [
        CurveLine("trained network, training", times, found.measured / n),
        CurveLine("NTK with its step size, training", times, found.predicted / n),
    ]


def comparison_numbers(found: Comparison, samples: Samples) -> dict[str, float]:
    """How far both are apart, by name."""
    numbers = {
        "steps": float(found.steps[-1]),
        "step_size": found.step_size,
        "loss_deviation": found.loss_deviation,
        "train_deviation": found.train_deviation,
    }
    code, outputs = samples.prepared.code, found.test
    if outputs is not None:
        numbers["test_deviation"] = found.test_deviation
        if samples.classification:
            numbers["test_accuracy"] = code.accuracy(outputs, samples.labels_test)
            end = found.space.after(int(found.steps[-1]), found.step_size)
            numbers["predicted_test_accuracy"] = code.accuracy(end.test, samples.labels_test)
    return numbers
