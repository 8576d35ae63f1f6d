r"""Spectral filters: what an algorithm does to every eigenvector of the kernel.

With the kernel matrix $\Theta = \sum_i\lambda_iv_iv_i^\top$ on the training points, outputs $f_0$
at the start and a ridge $\rho$, every algorithm here has coefficients $a = g(\Theta)(y - f_0)$ and
predicts $f(x) = f_0(x) + \Theta(x, X)a$. Its residual on the training points is
$f - y = -(1 - \lambda g(\lambda))$ times $y - f_0$ along every eigenvector.

References:
    Engl, Hanke, Neubauer (1996), Regularization of inverse problems, chapters 4 to 6 (asymptotic
    regularisation, Landweber's iteration, Tikhonov regularisation).
"""

from __future__ import annotations

import abc
import dataclasses

import numpy as np
from jaxtyping import Float64

__all__ = ["Converged", "Descent", "Flow", "SpectralFilter"]

Values = Float64[np.ndarray, " n"]


class SpectralFilter(abc.ABC):
    r"""A function of the eigenvalues, each at least $-\rho$."""

    ridge: float

    @abc.abstractmethod
    def decay(self, rates: Values) -> Values:
        r"""What is left of a mode of rate $\mu = \lambda + \rho$: $q(\mu)$ with $q(0) = 1$."""

    @abc.abstractmethod
    def own_gain(self, rates: Values) -> Values:
        r"""$(1 - q(\mu))/\mu$ for $\mu > 0$."""

    def gain(self, eigenvalues: Values) -> Values:
        r"""$g(\lambda)$.

        It is 0 at $\lambda = 0$: such an eigenvector moves no prediction, whatever its coefficient
        ($|\Theta(x, X)v|^2 \le \lambda\,\Theta(x, x)$ for every kernel), and without a ridge that
        coefficient would grow without bound.
        """
        rates = eigenvalues + self.ridge
        with np.errstate(over="ignore", invalid="ignore"):
            gain = self.own_gain(np.where(rates > 0.0, rates, 1.0))
        return np.where((eigenvalues != 0.0) & (rates > 0.0), gain, 0.0)

    def residual(self, eigenvalues: Values) -> Values:
        r"""$1 - \lambda g(\lambda) = (\rho + \lambda q(\lambda + \rho))/(\lambda + \rho)$."""
        rates = eigenvalues + self.ridge
        safe = np.where(rates > 0.0, rates, 1.0)
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            left = (self.ridge + eigenvalues * self.decay(safe)) / safe
        return np.where((eigenvalues != 0.0) & (rates > 0.0), left, 1.0)


@dataclasses.dataclass(frozen=True)
class Flow(SpectralFilter):
    r"""Gradient flow up to a time: $q = e^{-\mu t}$."""

    time: float
    ridge: float = 0.0

    def decay(self, rates: Values) -> Values:
        r"""$e^{-\mu t}$."""
        return np.exp(-rates * self.time)

    def own_gain(self, rates: Values) -> Values:
        r"""$(1 - e^{-\mu t})/\mu$, without cancellation."""
        return -np.expm1(-rates * self.time) / rates


@dataclasses.dataclass(frozen=True)
class Descent(SpectralFilter):
    r"""Gradient descent, $k$ steps of size $\eta$: $q = (1 - \eta\mu)^k$."""

    steps: int
    step_size: float
    ridge: float = 0.0

    def decay(self, rates: Values) -> Values:
        r"""$(1 - \eta\mu)^k$; by the logarithm where $1 - \eta\mu$ would be rounded."""
        moved = self.step_size * rates
        slow = moved < 0.5
        near = np.exp(self.steps * np.log1p(-np.where(slow, moved, 0.0)))
        return np.where(slow, near, np.power(1.0 - moved, float(self.steps)))

    def own_gain(self, rates: Values) -> Values:
        r"""$(1 - (1 - \eta\mu)^k)/\mu$, without cancellation."""
        moved = self.step_size * rates
        slow = moved < 0.5
        near = -np.expm1(self.steps * np.log1p(-np.where(slow, moved, 0.0)))
        return np.where(slow, near, 1.0 - np.power(1.0 - moved, float(self.steps))) / rates


@dataclasses.dataclass(frozen=True)
class Converged(SpectralFilter):
    """The limit of infinite time: kernel ridge regression, without a ridge interpolation."""

    ridge: float = 0.0

    def decay(self, rates: Values) -> Values:
        """Nothing is left."""
        return np.zeros_like(rates)

    def own_gain(self, rates: Values) -> Values:
        r"""$1/\mu$."""
        return 1.0 / rates
