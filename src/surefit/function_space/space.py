"""Training in function space: predictions in closed form from kernel matrices."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float64

from surefit.core.spectrum import Spectrum
from surefit.function_space import curves
from surefit.function_space.arguments import Given, require_steps, require_time
from surefit.function_space.blocks import KernelBlocks
from surefit.function_space.eigen import Definiteness
from surefit.function_space.filters import Converged, Descent, Flow, SpectralFilter
from surefit.function_space.gaussian import PredictiveDistribution
from surefit.function_space.process import Points
from surefit.function_space.trained import TrainedFunction

__all__ = ["FunctionSpace"]


@dataclasses.dataclass(frozen=True, eq=False)
class FunctionSpace(KernelBlocks):
    r"""A model that is linear in its parameters, trained on $\frac12\|f - y\|^2$, as a function.

    With the tangent kernel $\Theta$ and training points $X$, gradient flow is
    $\dot f(x) = -\Theta(x, X)(f(X) - y)$: the dynamics of networks of infinite width, and of every
    network linearised at its start. With a ridge $\rho$, descent is on
    $\frac12\|f - y\|^2 + \frac\rho2\|\theta - \theta_0\|^2$: weight decay towards the start. For
    the mean squared error $\frac1{2n}\|f - y\|^2$ times are $n$ times as long, and so are steps.

    Args:
        k_train: $\Theta(X, X)$, (n, n).
        y: targets, (n, k) or (n,); all outputs share the kernel.
        k_test_train: $\Theta(X_*, X)$, (m, n); None: no test points.
        k_test: $\Theta(X_*, X_*)$; no mean prediction needs it.
        nngp_train: $K(X, X)$, the covariance of outputs at the start; None: no distributions.
        nngp_test_train: $K(X_*, X)$.
        nngp_test: $K(X_*, X_*)$.
        f0: outputs at the start on the training points (or their mean); None: 0.
        f0_test: the same on the test points.
        ridge: $\rho \ge 0$.

    Raises:
        InvalidInputError: shapes do not match, or an entry is not finite float64.

    Cost:
        One eigen-decomposition, about $20n^3$ operations, when first needed; then $n^2k$ per
        prediction. Distributions over random starts: another $mn(n + m)$.

    References:
        Jacot, Gabriel, Hongler (2018), section 5; Lee et al. (2019), arXiv 1902.06720, equations
        (8)-(11) and (14)-(16); Hu, Li, Yu (2020), arXiv 1905.11368, section 3.1 (the ridge).

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> kernel = np.array([[2.0, 1.0], [1.0, 2.0]])
        >>> space = sf.FunctionSpace(kernel, np.array([1.0, -1.0]))
        >>> space.at(1.0).train.round(3).ravel().tolist()
        [0.632, -0.632]
        >>> space.steps_to_loss(1e-6)
        18
    """

    @property
    def spectrum(self) -> Spectrum:
        """All eigenvalues of `k_train`, with their error."""
        return self.eigen.spectrum

    @property
    def status(self) -> Definiteness:
        """Whether `k_train` is positive definite, rank deficient, or no kernel at all."""
        return self.eigen.status

    @property
    def message(self) -> str:
        """The status in a sentence, with what to do about it."""
        return self.eigen.message

    @property
    def safe_step_size(self) -> float:
        r"""$1/(\lambda_{\max} + \rho)$: no mode of the residual ever grows or changes its sign."""
        return 1.0 / (self.spectrum.largest.upper + self.ridge)

    def at(self, time: float) -> TrainedFunction:
        """The function after gradient flow up to `time`; `math.inf` is `limit`.

        Raises:
            InvalidInputError: the time is negative or NaN.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        time = require_time(time, "FunctionSpace.at(time=...)")
        if math.isinf(time):
            return self.limit()
        return self.trained(Flow(time, self.ridge))

    def after(self, steps: int, step_size: float | None = None) -> TrainedFunction:
        """The function after steps of gradient descent.

        Args:
            steps: how many.
            step_size: None: `safe_step_size`.

        Raises:
            InvalidInputError: the number or size of steps is out of range.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        step_size = self.safe_step_size if step_size is None else step_size
        require_steps(steps, step_size, "FunctionSpace.after")
        return self.trained(Descent(int(steps), float(step_size), self.ridge))

    def limit(self) -> TrainedFunction:
        """The function at infinite time: kernel ridge regression, or interpolation without ridge.

        Raises:
            NumericalError: `k_train` is no matrix of a kernel.
        """
        return self.trained(Converged(self.ridge))

    def starting_at(self, f0: Given, f0_test: Given | None = None) -> FunctionSpace:
        """The same kernels with other outputs at the start; the decomposition is shared.

        Args:
            f0: on the training points.
            f0_test: on the test points.

        Raises:
            InvalidInputError: the shapes do not match.
        """
        other = dataclasses.replace(self, f0=f0, f0_test=f0_test)
        vars(other)["eigen"] = self.eigen
        return other

    def last_layer(self) -> FunctionSpace:
        """The training of the last layer only, whose tangent kernel is the NNGP kernel.

        Raises:
            InvalidInputError: there is no `nngp_train`.
        """
        process = self.process
        other = dataclasses.replace(
            self,
            k_train=process.k_train,
            k_test_train=self.nngp_test_train,
            k_test=self.nngp_test,
        )
        vars(other).update(process=process, eigen=process.eigen)
        return other

    def trained(self, filter_: SpectralFilter) -> TrainedFunction:
        """The function that a spectral filter makes of the targets."""
        self.eigen.require_rates(self.ridge)
        return TrainedFunction(self, filter_)

    def losses(
        self, times: Float64[np.ndarray, " times"] | list[float]
    ) -> Float64[np.ndarray, " times"]:
        r"""$\frac12\|f - y\|^2$ on the training points along gradient flow."""
        return np.asarray([self.at(float(time)).loss for time in times], np.float64)

    def losses_after(self, steps: Any, step_size: float | None = None) -> np.ndarray:
        r"""$\frac12\|f - y\|^2$ on the training points after so many steps each."""
        return np.asarray([self.after(int(k), step_size).loss for k in steps], np.float64)

    def time_to_loss(self, loss: float) -> float:
        """When gradient flow has this loss; `math.inf`: never.

        Raises:
            InvalidInputError: the loss is not above 0.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        self.eigen.require_rates(self.ridge)
        return curves.time_to_loss(loss, self.eigen.values, self.weights, self.ridge)

    def steps_to_loss(self, loss: float, step_size: float | None = None) -> int | None:
        """The first step of gradient descent with at most this loss; None: never.

        Raises:
            InvalidInputError: the loss is not above 0, or the step is too long.
            NumericalError: `k_train` is no matrix of a kernel.
        """
        self.eigen.require_rates(self.ridge)
        step = self.safe_step_size if step_size is None else step_size
        return curves.steps_to_loss(loss, self.eigen.values, self.weights, self.ridge, step)

    def posterior(self, noise: float = 0.0, on: Points = "test") -> PredictiveDistribution:
        """The NNGP given the targets, with the variance `noise` of observations.

        Raises:
            InvalidInputError: NNGP matrices are missing, or the noise is negative.
            NumericalError: `nngp_train` is no matrix of a kernel.
        """
        found = self.process.posterior(noise, on)
        return PredictiveDistribution(self.start(on) + found.mean, found.covariance)
