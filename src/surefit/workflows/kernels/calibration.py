"""How well the uncertainty of the Gaussian process agrees with the errors on test samples."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

from surefit.function_space import FunctionSpace

__all__ = ["LEVELS", "calibration"]

LEVELS = (0.5, 0.9, 0.95)
"""Probabilities of central intervals that are looked at."""


def calibration(
    space: FunctionSpace, y_test: Float64[np.ndarray, "m k"], noise: float | None
) -> tuple[dict[str, float], Float64[np.ndarray, "m k"]]:
    r"""Log-likelihood and coverage of the NNGP posterior on test samples.

    Args:
        space: with all NNGP matrices; its outputs start at 0.
        y_test: coded targets.
        noise: the variance of observations; None: noise and amplitude of the kernel have the
            largest marginal likelihood.

    Returns:
        By name: `noise`, `amplitude` $s^2$, `log_marginal_likelihood` of the training targets,
        `test_log_likelihood` per sample and output, `baseline_log_likelihood` of a Gaussian that
        ignores the inputs, `test_rmse`, `mean_std`, and the coverage of central intervals; and the
        mean of the posterior.
    """
    process, amplitude = space.process, 1.0
    if noise is None:
        process, noise = space.process.fitted()
        amplitude = float(process.k_train[0, 0] / space.process.k_train[0, 0])
    posterior = process.posterior(noise)
    density = posterior.log_density(y_test, noise)
    mean, variance = space.y.mean(axis=0), space.y.var(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ignorant = -0.5 * ((y_test - mean) ** 2 / variance + np.log(2.0 * math.pi * variance))
    found = {
        "noise": noise,
        "amplitude": amplitude,
        "log_marginal_likelihood": process.marginal_likelihood(noise),
        "test_log_likelihood": float(np.mean(density)) / y_test.shape[1],
        "baseline_log_likelihood": float(np.mean(ignorant)),
        "test_rmse": math.sqrt(float(np.mean((posterior.mean - y_test) ** 2))),
        "mean_std": float(np.mean(np.sqrt(posterior.variance + noise))),
    }
    for level in LEVELS:
        found[f"coverage_{level:g}"] = posterior.coverage(y_test, level, noise)
    return found, posterior.mean
