"""Kernel matrices between training and test points, with targets and start, checked."""

from __future__ import annotations

import dataclasses
import functools

import numpy as np
from jaxtyping import Float64

from surefit.errors import InvalidInputError
from surefit.function_space.arguments import (
    Given,
    as_columns,
    as_matrix,
    require_ridge,
    require_symmetric,
)
from surefit.function_space.eigen import KernelEigen
from surefit.function_space.process import GaussianProcess, Points

__all__ = ["KernelBlocks"]

_MATRICES = ("k_train", "k_test_train", "k_test", "nngp_train", "nngp_test_train", "nngp_test")


@dataclasses.dataclass(frozen=True, eq=False)
class KernelBlocks:
    """What a `FunctionSpace` is made of, with the decompositions that all predictions share."""

    k_train: Given
    y: Given
    k_test_train: Given | None = None
    k_test: Given | None = None
    nngp_train: Given | None = None
    nngp_test_train: Given | None = None
    nngp_test: Given | None = None
    f0: Given | None = None
    f0_test: Given | None = None
    ridge: float = 0.0

    def __post_init__(self) -> None:
        n = np.shape(self.k_train)[0] if np.ndim(self.k_train) else None
        rows = [np.shape(getattr(self, name)) for name in ("k_test_train", "nngp_test_train")]
        m = next((shape[0] for shape in rows if shape), None)
        for name in _MATRICES:
            if (value := getattr(self, name)) is not None:
                parts = name.split("_", 1)[1]
                shape = {"train": (n, n), "test_train": (m, n), "test": (m, m)}[parts]
                object.__setattr__(self, name, as_matrix(name, value, shape))
        require_symmetric("k_train", self.k_train)
        object.__setattr__(self, "y", as_columns("y", self.y, len(self.k_train)))
        for name, points in (("f0", n), ("f0_test", m)):
            if (value := getattr(self, name)) is not None:
                own = as_columns(name, value, points or 0, self.y.shape[1])
                object.__setattr__(self, name, own)
        object.__setattr__(self, "ridge", require_ridge(self.ridge, "ridge"))

    @functools.cached_property
    def eigen(self) -> KernelEigen:
        """The eigen-decomposition of `k_train`, computed once."""
        return KernelEigen.of("k_train", self.k_train)

    @functools.cached_property
    def modes(self) -> Float64[np.ndarray, "n k"]:
        r"""$V^\top(y - f_0)$: what the targets have along every eigenvector."""
        return self.eigen.vectors.T @ (self.y - (0.0 if self.f0 is None else self.f0))

    @functools.cached_property
    def test_vectors(self) -> Float64[np.ndarray, "m n"]:
        r"""$\Theta(X_*, X)V$, computed once.

        Raises:
            InvalidInputError: there are no test points.
        """
        return self.cross("test") @ self.eigen.vectors

    @property
    def weights(self) -> Float64[np.ndarray, " n"]:
        r"""$\|v_i^\top(y - f_0)\|^2$."""
        return np.sum(self.modes**2, axis=1)

    @functools.cached_property
    def process(self) -> GaussianProcess:
        """The Gaussian process of the NNGP kernel, with the targets as observations.

        Its posterior is what training only the last layers of an ensemble gives.

        Raises:
            InvalidInputError: there is no `nngp_train`.
        """
        if self.nngp_train is None:
            raise InvalidInputError(
                "`FunctionSpace(nngp_train=...)` must be given for distributions. Got None. They "
                "come from random outputs at the start, whose covariance is the NNGP kernel. Pass "
                "it, or make the object by `surefit.function_space.at_infinite_width`."
            )
        centred = self.y - self.start("train")
        return GaussianProcess(self.nngp_train, centred, self.nngp_test_train, self.nngp_test)

    def start(self, on: Points) -> Float64[np.ndarray, "p k"]:
        """The outputs at the start.

        Raises:
            InvalidInputError: there are no test points.
        """
        if (given := self.f0 if on == "train" else self.f0_test) is not None:
            return given
        return np.zeros((len(self.cross(on)), self.y.shape[1]))

    def cross(self, on: Points) -> Float64[np.ndarray, "p n"]:
        r"""$\Theta$ between some points and the training points.

        Raises:
            InvalidInputError: there are no test points.
        """
        if on == "train":
            return self.k_train
        if self.k_test_train is None:
            raise InvalidInputError(
                "`FunctionSpace(k_test_train=...)` must be given for predictions on test points. "
                "Got None. A prediction is a sum of kernels with the training points. Pass the "
                "matrix of shape (test points, training points)."
            )
        return self.k_test_train
