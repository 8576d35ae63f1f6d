"""What the other samples say of one: its neighbours in the kernel, and a prediction without it."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from surefit.diagnosis.kernel import DenseKernel

__all__ = ["classes", "contradicted", "cosines", "left_out", "rivals"]

_RIDGES = 10.0 ** -np.arange(1, 10)
# A target that is so many times further off than the others' errors let expect is suspicious.
_UNUSUAL = 3.0


def left_out(kernel: DenseKernel) -> tuple[Float[np.ndarray, "n k"], Float[np.ndarray, " n"]]:
    """Predictions of kernel ridge regression without the sample, with the ridge that does best.

    Returns:
        The predictions, and their errors in units of what the Gaussian process of this kernel
        expects of a sample with such neighbours, up to a factor that all samples share: where no
        neighbour is near, a large error is nothing unusual.

    References:
        C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning, 2006, section
        5.4.2, equations (5.10) to (5.12).
    """
    matrix, y = kernel.of_samples, np.asarray(kernel.subject.y)
    mean = y.mean(axis=0, keepdims=True)
    values, vectors = np.linalg.eigh(matrix)
    turned = vectors.T @ (y - mean)
    best, precision = None, None
    for ridge in _RIDGES * max(float(values[-1]), np.finfo(float).tiny):
        inverse = 1.0 / (np.maximum(values, 0.0) + ridge)
        own = np.einsum("ij,j,ij->i", vectors, inverse, vectors)
        error = (vectors @ (inverse[:, None] * turned)) / own[:, None]
        if best is None or np.sum(error**2) < np.sum(best**2):
            best, precision = error, own
    return y - best, np.linalg.norm(best, axis=1) * np.sqrt(precision)


def contradicted(kernel: DenseKernel, predicted: np.ndarray, suspicions: np.ndarray) -> np.ndarray:
    """Whose target the others contradict."""
    labels = kernel.subject.labels
    if labels is None:
        return suspicions > _UNUSUAL
    return classes(kernel, predicted) != labels


def classes(kernel: DenseKernel, predicted: np.ndarray) -> np.ndarray:
    """The class that a prediction means."""
    if predicted.shape[1] > 1:
        return np.argmax(predicted, axis=1)
    levels = np.unique(np.asarray(kernel.subject.y))
    return (predicted[:, 0] > levels.mean()).astype(int)


def cosines(matrix: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n n"]:
    """Of the angles between the gradients of samples."""
    lengths = np.sqrt(np.maximum(np.diagonal(matrix), 0.0))
    lengths = np.where(lengths > 0.0, lengths, 1.0)
    return matrix / (lengths[:, None] * lengths[None, :])


def rivals(kernel: DenseKernel, i: int) -> np.ndarray:
    """Samples of another class, or with a target further off than a standard deviation."""
    labels, y = kernel.subject.labels, np.asarray(kernel.subject.y)
    if labels is not None:
        return labels != labels[i]
    spread = float(np.sqrt(np.sum(y.var(axis=0))))
    return np.linalg.norm(y - y[i : i + 1], axis=1) > spread
