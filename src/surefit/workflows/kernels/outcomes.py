"""What is found about one kernel: its spectrum, how long descent takes, how good it ends."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.core.kernel_record import KernelOutcome
from surefit.function_space import Definiteness, FunctionSpace, KernelEigen
from surefit.workflows.kernels.samples import Samples

__all__ = ["GOALS", "Predictions", "ends", "outcome", "rmse", "unlearnable"]

GOALS = (0.5, 0.1, 0.01, 1e-3, 1e-6)
"""Shares of the loss at the start."""

Predictions = tuple[Float64[np.ndarray, "n k"], Float64[np.ndarray, "m k"] | None]


def ends(space: FunctionSpace) -> Predictions:
    """The predictions at infinite time, on training and test samples."""
    found = space.limit()
    return found.train, None if space.k_test_train is None else found.test


def outcome(name: str, space: FunctionSpace, samples: Samples, end: Predictions) -> KernelOutcome:
    """Everything about one kernel.

    Args:
        name: `ntk` or `nngp`.
        space: the training with this kernel.
        samples: with labels.
        end: from `ends`.
    """
    spectrum, eigen = space.spectrum, space.eigen
    start = space.at(0.0).loss
    step = space.safe_step_size
    mean = float(np.trace(space.k_train)) / len(space.k_train)
    positive = np.maximum(eigen.values, 0.0)
    return KernelOutcome(
        name=name,
        status=str(space.status),
        message=KernelEigen(f"The {name.upper()} of the training samples", spectrum).message,
        smallest=spectrum.smallest.value,
        largest=spectrum.largest.value,
        error=spectrum.error,
        condition=spectrum.condition.value,
        effective_dimension=float(np.sum(positive / (positive + mean))),
        rank=eigen.rank,
        unlearnable=unlearnable(space),
        step_size=step,
        goals=tuple(
            (share, space.steps_to_loss(share * start, step), space.time_to_loss(share * start))
            if start > 0.0
            else (share, 0, 0.0)
            for share in GOALS
        ),
        scores=_scores(samples, end),
    )


def unlearnable(space: FunctionSpace) -> float:
    """The share of the squared targets along eigenvectors of eigenvalue 0."""
    total = float(np.sum(space.weights))
    lost = float(np.sum(space.weights[space.eigen.values <= 0.0]))
    definite = space.status is Definiteness.POSITIVE_DEFINITE
    return 0.0 if definite or total == 0.0 else lost / total


def _scores(samples: Samples, end: Predictions) -> dict[str, float]:
    parts: list[tuple[str, Float64[np.ndarray, "p k"] | None, Shaped[np.ndarray, "p ..."] | None]]
    parts = [
        ("train", end[0], samples.prepared.labels),
        ("test", end[1], samples.labels_test),
    ]
    code = samples.prepared.code
    scores = {}
    for name, outputs, labels in parts:
        if outputs is None or labels is None:
            continue
        if samples.classification:
            scores[f"{name}_accuracy"] = code.accuracy(outputs, labels)
        targets = samples.prepared.y if name == "train" else samples.y_test
        scores[f"{name}_rmse"] = rmse(outputs, targets)
    return scores


def rmse(outputs: Float64[np.ndarray, "p k"], y: Float64[np.ndarray, "p k"]) -> float:
    """The root of the mean squared error over samples and outputs, in units of coded targets."""
    return math.sqrt(float(np.mean((outputs - y) ** 2)))
