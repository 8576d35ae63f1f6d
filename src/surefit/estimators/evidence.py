r"""Gaussian process regression with a kernel known up to its amplitude.

Targets are $y \sim N(0, s(K + \rho I))$; the amplitude $s$ that makes them most likely is known in
closed form for every noise-to-signal ratio $\rho$, and the ratio is found on a line.

A sample of weight $w$ counts as $w$ observations of the same target, each with noise of its own.
With $W = \operatorname{diag}(w)$ the posterior is that of noise $\rho W^{-1}$, and all observations
together have the eigenvalues of $W^{1/2}KW^{1/2}$ and, $\sum w - n$ times, 0.
"""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.linalg
import scipy.optimize
from jaxtyping import Float64

__all__ = ["Evidence", "fit_evidence"]

# Logarithms of the noise-to-signal ratios that are looked at, in multiples of the mean diagonal.
RANGE = (-10.0, 3.0)


@dataclasses.dataclass(frozen=True)
class Evidence:
    r"""The most likely amplitude and noise.

    Args:
        value: the logarithm of the marginal likelihood of all targets.
        ratio: $\rho$, in the units of the kernel.
        amplitude: $s$, common to all outputs.
        dual: $(K + \rho W^{-1})^{-1}y$.
        values: eigenvalues of $W^{1/2}KW^{1/2}$, not below 0.
        vectors: its eigenvectors, one per column, times $W^{1/2}$.
    """

    value: float
    ratio: float
    amplitude: float
    dual: Float64[np.ndarray, "n k"]
    values: Float64[np.ndarray, " n"]
    vectors: Float64[np.ndarray, "n n"]


def fit_evidence(
    kernel: Float64[np.ndarray, "n n"],
    targets: Float64[np.ndarray, "n k"],
    noise: float | None,
    weight: Float64[np.ndarray, " n"] | None = None,
) -> Evidence:
    r"""Find amplitude and noise by the marginal likelihood.

    Args:
        kernel: positive semi-definite.
        targets: centred; outputs are independent and share amplitude and noise.
        noise: the ratio in multiples of the kernel's (weighted) mean diagonal; None: the most
            likely one.
        weight: positive, how many times a sample was observed; None: all once.

    Cost: one eigenvalue decomposition ($9n^3$); $n$ operations per ratio looked at.

    References:
        Rasmussen, Williams (2006), Gaussian processes for machine learning, equation (2.30);
        the profile over the amplitude follows by setting its derivative to zero.
    """
    weight = np.ones(len(kernel)) if weight is None else weight
    root = np.sqrt(weight)[:, None]
    values, vectors = scipy.linalg.eigh(root * kernel * root.T)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ (root * targets)
    square = np.sum(rotated**2, axis=1)
    repeated = float(weight.sum()) - len(weight)
    count = targets.shape[1] * (len(weight) + repeated)
    scale = float(np.average(np.diag(kernel), weights=weight)) or 1.0
    # Constant targets have no amplitude; the smallest that can be divided by.
    tiny = np.finfo(np.float64).tiny

    def amplitude(ratio: float) -> float:
        return max(float(np.sum(square / (values + ratio))) / count, tiny)

    def loss(exponent: float) -> float:
        ratio = scale * 10.0**exponent
        logs = targets.shape[1] * (np.sum(np.log(values + ratio)) + repeated * np.log(ratio))
        return 0.5 * (count * np.log(amplitude(ratio)) + logs)

    if noise is None:
        grid = np.linspace(*RANGE, 53)
        best = int(np.argmin([loss(exponent) for exponent in grid]))
        step = grid[1] - grid[0]
        low, high = max(grid[best] - step, grid[0]), min(grid[best] + step, grid[-1])
        found = scipy.optimize.minimize_scalar(loss, bounds=(low, high), method="bounded")
        exponent = float(found.x) if found.fun <= loss(grid[best]) else float(grid[best])
    else:
        exponent = np.log10(noise)
    ratio = scale * 10.0**exponent
    return Evidence(
        value=-loss(exponent) - 0.5 * count * (1.0 + np.log(2.0 * np.pi)),
        ratio=ratio,
        amplitude=amplitude(ratio),
        dual=root * (vectors @ (rotated / (values + ratio)[:, None])),
        values=values,
        vectors=root * vectors,
    )
