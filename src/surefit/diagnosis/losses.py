"""Losses and targets by the names that users know."""

from __future__ import annotations

from typing import Any

import numpy as np

from surefit.errors import InvalidInputError
from surefit.losses import LOSSES, CrossEntropy, HalfSquared, Loss

__all__ = ["as_loss", "as_targets", "described"]

_KNOWN = {"squared": HalfSquared, "cross_entropy": CrossEntropy}
_WORDS = {
    "HalfSquared": "half the squared error, summed over samples and outputs",
    "SumSquared": "the squared error, summed over samples and outputs",
    "HalfMeanSquared": "half the squared error, summed over outputs, mean over samples",
    "MeanSquared": "the squared error, summed over outputs, mean over samples",
    "CrossEntropy": "cross-entropy of the softmax, summed over samples",
    "MeanCrossEntropy": "cross-entropy of the softmax, mean over samples",
    "Logistic": "the logistic loss, summed over samples",
    "MeanLogistic": "the logistic loss, mean over samples",
}


def as_loss(call: str, loss: Any) -> Loss:
    """A loss from its name or itself.

    Raises:
        InvalidInputError: it is neither.
        UnknownNameError: no loss has this name.
    """
    if isinstance(loss, Loss):
        return loss
    if not isinstance(loss, str):
        raise InvalidInputError(
            f"`{call}(loss=...)` must be the name of a loss or a loss of `surefit.losses`. Got "
            f"{type(loss).__name__}. Step sizes need its curvature. Write 'squared', "
            "'cross_entropy' or 'mean_cross_entropy', or subclass `surefit.losses.Loss`."
        )
    return (_KNOWN[loss] if loss in _KNOWN else LOSSES[loss])()


def described(loss: Loss) -> str:
    """The loss with its normalisation, in words."""
    return _WORDS.get(type(loss).__name__, repr(loss))


def as_targets(
    call: str, y: Any, shape: tuple[int, ...], loss: Loss
) -> tuple[np.ndarray, np.ndarray | None]:
    """Targets of the shape (n, k) and, where they are classes, the class of every sample.

    Args:
        call: the function that was called, for messages.
        y: as users write it: numbers like the outputs, or class numbers for a softmax.
        shape: of the outputs.
        loss: which of the two it needs.

    Raises:
        InvalidInputError: shapes do not match, a target is not finite, or no class number.
    """
    y = np.asarray(y)
    n, k = shape[0], int(np.prod(shape[1:], dtype=int))
    if y.ndim == 0 or len(y) != n:
        raise InvalidInputError(
            f"`{call}(y=...)` must have one row per example: {n} of them. Got shape {y.shape}. "
            "Rows of x and y belong together. Check how both were selected."
        )
    if not (np.issubdtype(y.dtype, np.number) or y.dtype == bool):
        raise InvalidInputError(
            f"`{call}(y=...)` must be numbers. Got dtype {y.dtype}. A loss compares outputs with "
            "numbers. Code labels first, for example with `numpy.unique(y, return_inverse=True)`."
        )
    if loss.coding == "one_hot" and k > 1 and y.size == n:
        y = _one_hot(call, y.reshape(n), k)
    if y.size != n * k:
        raise InvalidInputError(
            f"`{call}(y=...)` must have as many numbers per example as the network has outputs: "
            f"{k}. Got shape {y.shape}. Every output has a target. "
            + (
                "For class numbers write loss='cross_entropy', or code them one-hot."
                if y.size == n and k > 1
                else "Give the network as many outputs as y has columns."
            )
        )
    targets = y.reshape(n, k).astype(np.float64)
    _require_finite(call, targets)
    _require_coding(call, targets, loss)
    return targets, _labels(targets, loss)


def _one_hot(call: str, y: np.ndarray, k: int) -> np.ndarray:
    whole = np.isfinite(y) & (y == np.floor(y)) & (y >= 0) & (y < k)
    if not whole.all():
        bad = np.flatnonzero(~whole)
        raise InvalidInputError(
            f"`{call}(y=...)` must be class numbers from 0 to {k - 1}. Got {y[bad[0]]} in row "
            f"{bad[0]}. The network has {k} outputs, one per class. Number the classes from 0 on."
        )
    return np.eye(k)[y.astype(int)]


def _require_finite(call: str, targets: np.ndarray) -> None:
    bad = np.flatnonzero(~np.isfinite(targets).all(axis=1))
    if bad.size:
        raise InvalidInputError(
            f"`{call}(y=...)` must be finite. Got NaN or infinity in rows {bad[:10].tolist()}"
            f"{' and more' if bad.size > 10 else ''}. No function fits them. Remove these rows."
        )


def _require_coding(call: str, targets: np.ndarray, loss: Loss) -> None:
    if loss.coding == "one_hot" and not (
        np.isin(targets, (0.0, 1.0)).all() and (targets.sum(axis=1) == 1.0).all()
    ):
        raise InvalidInputError(
            f"`{call}(y=...)` must be class numbers or one-hot rows with this loss. Got rows like "
            f"{targets[0].tolist()}. Cross-entropy compares a softmax of at least two outputs with "
            "one class. Give one output per class, or use loss='squared'."
        )
    if loss.coding not in (None, "one_hot") and not np.isin(targets, (-1.0, 1.0)).all():
        raise InvalidInputError(
            f"`{call}(y=...)` must be -1 or 1 with this loss. Got {targets.ravel()[0]:g}. The "
            "logistic loss takes the product of output and label. Write 2 * y - 1 for labels 0, 1."
        )


def _labels(targets: np.ndarray, loss: Loss) -> np.ndarray | None:
    """Classes where targets are one-hot or signs, whatever the loss."""
    n, k = targets.shape
    if k > 1:
        high = targets == targets.max(axis=1, keepdims=True)
        levels = np.unique(targets)
        if len(levels) == 2 and (high.sum(axis=1) == 1).all():
            return np.argmax(targets, axis=1)
        return None
    levels = np.unique(targets)
    if loss.coding is not None or set(levels) <= {-1.0, 1.0} or set(levels) <= {0.0, 1.0}:
        return (targets[:, 0] > levels.mean()).astype(int) if len(levels) > 1 else np.zeros(n, int)
    return None
