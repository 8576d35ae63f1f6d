"""The tangent kernel of all outputs: as a matrix on some samples, as an operator on all."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.memory import available_bytes
from surefit.core.spectrum import Spectrum, SymmetricOperator, symmetric_spectrum
from surefit.diagnosis.subject import Subject
from surefit.tangent import empirical_ntk, ntk_operator

__all__ = ["DenseKernel", "chosen_rows", "gram", "operator"]

# Rows of a matrix whose eigenvalues take about ten seconds on one core.
_LARGEST = 2000
# Matrices of the size of the kernel that are held at the peak of the decomposition.
_MATRICES = 12


@dataclasses.dataclass(frozen=True, eq=False)
class DenseKernel:
    """The kernel matrix on some samples with its eigenvalues.

    Args:
        subject: the network on these samples.
        rows: their numbers in the data.
        matrix: row `i * k + a` belongs to output a of the i-th of them.
        spectrum: its eigenvalues, with what forming the matrix may have lost in their error.
    """

    subject: Subject
    rows: np.ndarray
    matrix: Float[np.ndarray, "nk nk"]
    spectrum: Spectrum

    @classmethod
    def of(cls, subject: Subject, rows: np.ndarray, memory_limit: int | None) -> DenseKernel:
        """Compute it.

        Raises:
            MemoryLimitError: it has no room.
        """
        part = subject if len(rows) == subject.samples else subject.on(rows)
        matrix = gram(part, memory_limit)
        size = float(np.linalg.norm(matrix, 2)) if len(matrix) <= 64 else _bound(matrix)
        spectrum = symmetric_spectrum(matrix, error=subject.relative_error * size)
        return cls(part, rows, matrix, spectrum)

    @functools.cached_property
    def values(self) -> Float[np.ndarray, " nk"]:
        """The eigenvalues in ascending order, those within their error of 0 set to 0."""
        values = np.asarray(self.spectrum.eigenvalues)
        return np.where(values <= self.spectrum.error, 0.0, values)

    @property
    def vectors(self) -> Float[np.ndarray, "nk nk"]:
        """Column i belongs to eigenvalue i."""
        return np.asarray(self.spectrum.eigenvectors)

    @property
    def rank(self) -> int:
        """How many eigenvalues can be told from 0."""
        return int(np.sum(self.values > 0.0))

    @functools.cached_property
    def of_samples(self) -> Float[np.ndarray, "n n"]:
        """The trace over outputs."""
        n, k = self.subject.samples, self.subject.outputs
        return np.einsum("iaja->ij", self.matrix.reshape(n, k, n, k))


def _bound(matrix: np.ndarray) -> float:
    """At least the largest eigenvalue, and at most the trace of a positive semi-definite matrix."""
    return min(float(np.abs(matrix).sum(axis=1).max()), float(np.linalg.norm(matrix)))


def gram(subject: Subject, memory_limit: int | None = None) -> Float[np.ndarray, "nk nk"]:
    """The kernel of all outputs on the subject's samples, in float64 numbers, symmetric."""
    found = empirical_ntk(
        subject.network, subject.params, subject.x, outputs="full", memory_limit=memory_limit
    )
    matrix = np.asarray(found, np.float64).transpose(0, 2, 1, 3)
    matrix = matrix.reshape(subject.residuals, subject.residuals)
    return (matrix + matrix.T) / 2


def chosen_rows(
    subject: Subject, samples: int | None, memory_limit: int | None, seed: int
) -> np.ndarray:
    """Which samples the matrix is formed on: all, or as many random ones as are allowed.

    Args:
        subject: with all samples.
        samples: how many at most; None: what time and memory allow.
        memory_limit: bytes; None: half of what is available.
        seed: of the choice.
    """
    limit = available_bytes() // 2 if memory_limit is None else memory_limit
    room = int((limit / (8 * _MATRICES)) ** 0.5)
    allowed = max(1, min(_LARGEST, room) // subject.outputs) if samples is None else samples
    if allowed >= subject.samples:
        return np.arange(subject.samples)
    return np.sort(np.random.default_rng(seed).choice(subject.samples, allowed, replace=False))


def operator(
    subject: Subject,
    memory_limit: int | None = None,
    root: Callable[[Any], Any] | None = None,
) -> SymmetricOperator:
    r"""Products with $R\,K\,R$, nothing formed.

    Args:
        subject: with all samples.
        memory_limit: bytes that a product may use.
        root: products with a symmetric $R$; None: the identity.
    """
    kernel = ntk_operator(subject.network, subject.params, subject.x, memory_limit=memory_limit)

    def product(v: Any) -> np.ndarray:
        inner = np.asarray(v) if root is None else root(np.asarray(v))
        outer = np.asarray(kernel.matvec(inner), np.float64)
        return outer if root is None else root(outer)

    return SymmetricOperator(product, subject.residuals)
