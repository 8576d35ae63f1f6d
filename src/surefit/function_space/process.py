"""Regression with a Gaussian process whose kernel is a matrix: the NNGP of a network."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Literal

import numpy as np
from jaxtyping import Float64
from scipy.optimize import minimize_scalar

from surefit.errors import InvalidInputError
from surefit.function_space.arguments import Given, as_columns, as_matrix, require_ridge
from surefit.function_space.eigen import KernelEigen
from surefit.function_space.filters import Converged
from surefit.function_space.gaussian import PredictiveDistribution
from surefit.function_space.smoother import smoother, symmetric

__all__ = ["GaussianProcess", "Points"]

Points = Literal["train", "test"]
# Noise is looked for in this range around the size of targets or kernel.
_RANGE = (1e-8, 1e2)


@dataclasses.dataclass(frozen=True, eq=False)
class GaussianProcess:
    r"""A Gaussian process of mean 0 with observations $y = f(X) + \varepsilon$.

    Args:
        k_train: $K(X, X)$, (n, n).
        y: observations, (n, k) or (n,): k independent processes with the same kernel.
        k_test_train: $K(X_*, X)$, (m, n).
        k_test: $K(X_*, X_*)$.

    Raises:
        InvalidInputError: shapes do not match, or an entry is not finite float64.

    Cost: one eigen-decomposition when first needed, about $20n^3$ operations.

    References:
        Rasmussen, Williams (2006), Gaussian processes for machine learning, section 2.2, equations
        (2.22)-(2.24), (2.30); Lee et al. (2018), arXiv 1711.00165, section 2.4.
    """

    k_train: Given
    y: Given
    k_test_train: Given | None = None
    k_test: Given | None = None

    def __post_init__(self) -> None:
        n = np.shape(self.k_train)[0] if np.ndim(self.k_train) else None
        object.__setattr__(self, "k_train", as_matrix("nngp_train", self.k_train, (n, n)))
        object.__setattr__(self, "y", as_columns("y", self.y, len(self.k_train)))
        if self.k_test_train is not None:
            cross = as_matrix("nngp_test_train", self.k_test_train, (None, n))
            object.__setattr__(self, "k_test_train", cross)
        if self.k_test is not None:
            m = None if self.k_test_train is None else len(self.k_test_train)
            object.__setattr__(self, "k_test", as_matrix("nngp_test", self.k_test, (m, m)))

    @functools.cached_property
    def eigen(self) -> KernelEigen:
        """The eigen-decomposition of `k_train`, computed once."""
        return KernelEigen.of("nngp_train", self.k_train)

    def posterior(self, noise: float = 0.0, on: Points = "test") -> PredictiveDistribution:
        r"""Mean $K_*(K + \sigma^2I)^{-1}y$, covariance $K_{**} - K_*(K + \sigma^2I)^{-1}K_*^\top$.

        Args:
            noise: $\sigma^2$. Without noise, eigenvectors that the kernel does not see are left
                out.
            on: the points.

        Raises:
            InvalidInputError: matrices of test points are missing, or the noise is negative.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        noise = require_ridge(noise, "noise")
        self.eigen.require_rates(noise)
        cross, own = self.on(on)
        smooth = smoother(self.eigen, cross, Converged(noise))
        return PredictiveDistribution(smooth @ self.y, symmetric(own - smooth @ cross.T))

    def on(self, points: Points) -> tuple[Float64[np.ndarray, "p n"], Float64[np.ndarray, "p p"]]:
        """The kernel of some points with the training points, and with themselves.

        Raises:
            InvalidInputError: there are no matrices of test points.
        """
        if points == "train":
            return self.k_train, self.k_train
        if self.k_test_train is None or self.k_test is None:
            missing = "nngp_test_train" if self.k_test_train is None else "nngp_test"
            raise InvalidInputError(
                f"`FunctionSpace({missing}=...)` must be given for a distribution on test points. "
                "Got None. A covariance needs the kernel between all points involved. Pass it, or "
                "write on='train'."
            )
        return self.k_test_train, self.k_test

    @functools.cached_property
    def _weights(self) -> Float64[np.ndarray, " n"]:
        return np.sum((self.eigen.vectors.T @ self.y) ** 2, axis=1)

    def marginal_likelihood(self, noise: float = 0.0) -> float:
        r"""$\log p(y) = -\frac12\sum_cy_c^\top A^{-1}y_c - \frac k2\log\det2\pi A$.

        With $A = K + \sigma^2I$; $-\infty$ where $A$ is singular and the targets are not in its
        range.

        Raises:
            InvalidInputError: the noise is negative.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        noise = require_ridge(noise, "noise")
        self.eigen.require_rates(noise)
        rates, k = self.eigen.values + noise, self.y.shape[1]
        if not rates[0] > 0.0:
            return -math.inf
        return -0.5 * float(
            np.sum(self._weights / rates) + k * np.sum(np.log(2.0 * math.pi * rates))
        )

    def fitted(self, amplitude: bool = True) -> tuple[GaussianProcess, float]:
        r"""The kernel $s^2K$ and noise $\sigma^2$ of the largest marginal likelihood.

        For a given ratio $\nu = \sigma^2/s^2$ the best amplitude is
        $s^2 = \frac1{nk}\sum_cy_c^\top(K + \nu I)^{-1}y_c$. The ratio is looked for from
        $10^{-8}$ to $10^2$ times the mean eigenvalue (without amplitude, the noise from $10^{-8}$
        to $10^2$ times the mean square of the targets), on a grid and then by Brent's method.

        Args:
            amplitude: whether $s$ is fitted; otherwise it is 1.

        Returns:
            The process with the kernel $s^2K$, and $\sigma^2$.

        Raises:
            NumericalError: `k_train` is no matrix of a kernel.

        References:
            Rasmussen, Williams (2006), section 5.4.1 (type II maximum likelihood).
        """
        if not self._weights.any():
            return self, 0.0  # every amplitude explains targets that are all 0
        scale = float(np.mean(self.y**2))
        mean = float(np.trace(self.k_train)) / len(self.k_train)
        grid = np.log((mean if amplitude else scale) * np.geomspace(*_RANGE, 61))

        def cost(log_ratio: float) -> float:
            return -self._likelihood(math.exp(log_ratio), amplitude)

        best = int(np.argmin([cost(float(at)) for at in grid]))
        ends = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        ratio = math.exp(minimize_scalar(cost, bounds=ends, method="bounded").x)
        square = self._amplitude(ratio) if amplitude else 1.0
        return self._scaled(square), square * ratio

    def _likelihood(self, ratio: float, amplitude: bool) -> float:
        """The logarithm at the best amplitude for this ratio, or at amplitude 1."""
        if not amplitude:
            return self.marginal_likelihood(ratio)
        rates, (n, k) = self.eigen.values + ratio, self.y.shape
        square = self._amplitude(ratio)
        if not rates[0] > 0.0 or square == 0.0:
            return -math.inf
        logarithm = n * (1.0 + math.log(2.0 * math.pi * square)) + float(np.sum(np.log(rates)))
        return -0.5 * k * logarithm

    def _amplitude(self, ratio: float) -> float:
        return float(np.sum(self._weights / (self.eigen.values + ratio))) / self.y.size

    def _scaled(self, square: float) -> GaussianProcess:
        """The process with its kernel times a number; the decomposition is shared."""
        given = {"k_train": self.k_train, "k_test_train": self.k_test_train, "k_test": self.k_test}
        scaled = {name: None if k is None else square * k for name, k in given.items()}
        other = GaussianProcess(y=self.y, **scaled)
        spectrum = self.eigen.spectrum
        values, error = square * spectrum.eigenvalues, square * spectrum.error
        own = dataclasses.replace(spectrum, eigenvalues=values, error=error)
        vars(other)["eigen"] = KernelEigen(self.eigen.name, own)
        return other
