"""Gaussian process regression with the prior of an infinitely wide network."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.base import MultiOutputMixin, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.estimators.evidence import Evidence, fit_evidence
from surefit.estimators.kernel_model import KernelModel
from surefit.estimators.samples import positive_part

__all__ = ["NNGPRegressor"]

SEARCHED = ("depth", "activation", "weight_std", "bias_std", "network")


class NNGPRegressor(MultiOutputMixin, RegressorMixin, KernelModel):
    r"""Bayesian regression whose prior is the network at random weights, infinitely wide.

    A Gaussian process with the NNGP kernel. Amplitude and noise are chosen by the marginal
    likelihood, and so is everything in `search`. Targets are centred; inputs are divided by one
    number, the root mean square of the training inputs.

    Args:
        depth: number of hidden layers.
        activation: a name of the catalogue (`surefit list activations`) or an `Activation`.
        weight_std: $\sigma_w$; None: the one that keeps variances.
        bias_std: $\sigma_b$ of the hidden layers.
        noise: noise-to-signal ratio, in multiples of the kernel's mean diagonal; None: the most
            likely one.
        search: hyperparameters to choose by the marginal likelihood, name -> candidates, for
            example `{"depth": [1, 2, 4], "bias_std": [0.0, 0.1, 1.0]}`; all combinations are tried.
        network: any composition of layers instead of depth to bias_std.
        input_shape: the shape of one example where `network` takes images, e.g. (8, 8, 1).

    Attributes:
        log_marginal_likelihood_: of the training targets.
        signal_variance_: the amplitude, which the kernel is multiplied by.
        noise_variance_: of the targets around the function.
        best_params_: what `search` chose; empty without.
        target_mean_: what was subtracted from the targets.
        X_fit_, input_scale_, network_: as in `NTKRegressor`.

    Cost: $n^2$ kernel values and an eigenvalue decomposition ($9n^3$) per combination.

    References:
        Lee et al. (2018), Deep neural networks as Gaussian processes, section 2.4; Rasmussen,
        Williams (2006), sections 2.2 and 5.4.

    Example:
        >>> from sklearn.datasets import load_diabetes
        >>> from surefit.estimators import NNGPRegressor
        >>> X, y = load_diabetes(return_X_y=True)
        >>> model = NNGPRegressor(search={"depth": [1, 3]}).fit(X[:300], y[:300])
        >>> mean, std = model.predict(X[300:], return_std=True)
        >>> bool(0.6 < np.mean(np.abs(mean - y[300:]) < std) < 0.8)  # one standard deviation
        True
    """

    _which = "nngp"

    def __init__(
        self,
        depth: int = 3,
        activation: str | Activation = "relu",
        *,
        weight_std: float | None = None,
        bias_std: float = 0.1,
        noise: float | None = None,
        search: Mapping[str, Sequence[Any]] | None = None,
        network: Layer | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.depth = depth
        self.activation = activation
        self.weight_std = weight_std
        self.bias_std = bias_std
        self.noise = noise
        self.search = search
        self.network = network
        self.input_shape = input_shape

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> NNGPRegressor:
        """Fit to rows of X and targets y, (n,) or (n, k).

        A sample of weight w counts as w observations of its target, each with noise of its own:
        the noise of their mean has the variance `noise_variance_ / w`.

        Raises:
            ValueError: X or y is not usable; also of `InvalidInputError`.
        """
        X, y = validate_data(
            self, X, y, dtype=np.float64, multi_output=True, y_numeric=True, accept_sparse=False
        )
        if self.noise is not None and not 0.0 < self.noise < np.inf:
            raise InvalidInputError(
                f"`NNGPRegressor(noise=...)` must be positive or None. Got {self.noise!r}. Without "
                "noise duplicate points make the likelihood infinite. Use 1e-10 for nearly none, "
                "or None to have it chosen."
            )
        y = y.astype(np.float64)
        X, y, weight = positive_part(self, X, y, sample_weight)
        self.target_mean_ = np.average(y, axis=0, weights=weight)
        self._target_shape = y.shape[1:]
        centred = (y - self.target_mean_).reshape(len(y), -1)
        best: tuple[Evidence, KernelModel] | None = None
        for chosen in self._combinations():
            model = clone(self).set_params(**chosen)
            model._remember(X, weight)
            evidence = fit_evidence(model._between(X), centred, self.noise, weight)
            if best is None or evidence.value > best[0].value:
                best = evidence, model
                self.best_params_ = chosen
        evidence, model = best
        self.X_fit_, self.input_scale_, self.network_ = X, model.input_scale_, model.network_
        self.log_marginal_likelihood_ = evidence.value
        self.signal_variance_ = evidence.amplitude
        self.noise_variance_ = evidence.amplitude * evidence.ratio
        self.dual_coef_ = evidence.dual
        self._spectrum = evidence.values + evidence.ratio, evidence.vectors
        return self

    def _combinations(self) -> list[dict[str, Any]]:
        search = {} if self.search is None else dict(self.search)
        for name, candidates in search.items():
            if name not in SEARCHED:
                raise UnknownNameError(
                    "`NNGPRegressor(search=...)`: a hyperparameter", name, SEARCHED
                )
            if isinstance(candidates, str) or len(candidates) == 0:
                raise InvalidInputError(
                    f"`NNGPRegressor(search=...)` must map names to lists of candidates. Got "
                    f"{candidates!r} for {name!r}. Every combination of candidates is tried. Write "
                    f"for example {{'depth': [1, 2, 4]}}."
                )
        names = list(search)
        return [
            dict(zip(names, values, strict=True)) for values in itertools.product(*search.values())
        ]

    def predict(
        self, X: Any, return_std: bool = False, return_cov: bool = False
    ) -> np.ndarray | tuple[np.ndarray, np.ndarray]:
        """The mean of the targets at X, (n,) or (n, k), and how sure it is.

        Args:
            X: points.
            return_std: also the standard deviation of a *target* (function and noise), of the
                mean's shape. That of the function alone is
                `sqrt(std**2 - noise_variance_)`.
            return_cov: also the covariance of the targets at X, (n, n), the same for every output.

        Raises:
            InvalidInputError: both are asked for.
        """
        if return_std and return_cov:
            raise InvalidInputError(
                "`predict(return_std=..., return_cov=...)` must ask for one of the two. Got both. "
                "The standard deviations are the roots of the covariance's diagonal. Ask for "
                "return_cov."
            )
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        cross = self._between(X, self.X_fit_)
        mean = (cross @ self.dual_coef_).reshape(len(X), *self._target_shape) + self.target_mean_
        if not (return_std or return_cov):
            return mean
        values, vectors = self._spectrum
        explained = (cross @ vectors) / np.sqrt(values)
        if return_cov:
            posterior = self._between(X) - explained @ explained.T
            return mean, self.signal_variance_ * posterior + self.noise_variance_ * np.eye(len(X))
        variance = np.maximum(self._variances(X) - np.sum(explained**2, axis=1), 0.0)
        std = np.sqrt(self.signal_variance_ * variance + self.noise_variance_)
        return mean, np.broadcast_to(std.reshape(-1, *(1,) * (mean.ndim - 1)), mean.shape).copy()
