"""Labels as targets of a loss, and a network's outputs as scores and probabilities."""

from __future__ import annotations

import numpy as np
import scipy.special
from jaxtyping import Float64, Int

from surefit.estimators.simplex import nearest_probabilities
from surefit.losses import CrossEntropy, HalfSquared, Loss

__all__ = ["LOSSES", "class_probabilities", "class_scores", "class_targets"]

LOSSES = {"half_squared": HalfSquared, "cross_entropy": CrossEntropy}


def class_targets(
    labels: Int[np.ndarray, " n"], classes: int, loss: str
) -> tuple[Float64[np.ndarray, "n k"], Loss]:
    """The targets of a loss, and the loss.

    Two classes under the squared loss have one output, -1 and +1.
    """
    if loss == "half_squared" and classes == 2:
        return np.where(labels == 1, 1.0, -1.0)[:, None], HalfSquared()
    return np.eye(classes)[labels], LOSSES[loss]()


def class_scores(outputs: Float64[np.ndarray, "n k"], classes: int) -> Float64[np.ndarray, "n c"]:
    """One score per class, the largest of the most likely one."""
    if outputs.shape[1] == classes:
        return outputs
    return np.concatenate([(1.0 - outputs) / 2.0, (1.0 + outputs) / 2.0], axis=1)


def class_probabilities(
    outputs: Float64[np.ndarray, "n k"], classes: int, loss: str
) -> Float64[np.ndarray, "n c"]:
    """Softmax behind cross-entropy; the nearest probabilities behind the squared loss."""
    if loss == "cross_entropy":
        return scipy.special.softmax(outputs, axis=1)
    return nearest_probabilities(class_scores(outputs, classes))
