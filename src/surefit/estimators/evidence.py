r"""Gaussian process regression with a kernel known up to its amplitude.

Targets are $y \sim N(0, s(K + \rho I))$; the amplitude $s$ that makes them most likely is known in
closed form for every noise-to-signal ratio $\rho$, and the ratio is found on a line.
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
        dual: $(K + \rho I)^{-1}y$.
        values: eigenvalues of the kernel, not below 0.
        vectors: its eigenvectors, one per column.
    """

    value: float
    ratio: float
    amplitude: float
    dual: Float64[np.ndarray, "n k"]
    values: Float64[np.ndarray, " n"]
    vectors: Float64[np.ndarray, "n n"]


def fit_evidence(
    kernel: Float64[np.ndarray, "n n"], targets: Float64[np.ndarray, "n k"], noise: float | None
) -> Evidence:
    r"""Find amplitude and noise by the marginal likelihood.

    Args:
        kernel: positive semi-definite.
        targets: centred; outputs are independent and share amplitude and noise.
        noise: the ratio in multiples of the kernel's mean diagonal; None: the most likely one.

    Cost: one eigenvalue decomposition ($9n^3$); $n$ operations per ratio looked at.

    References:
        Rasmussen, Williams (2006), Gaussian processes for machine learning, equation (2.30);
        the profile over the amplitude follows by setting its derivative to zero.
    """
    values, vectors = scipy.linalg.eigh(kernel)
    values = np.maximum(values, 0.0)
    rotated = vectors.T @ targets
    square = np.sum(rotated**2, axis=1)
    count = targets.size
    scale = float(np.mean(np.diag(kernel))) or 1.0
    # Constant targets have no amplitude; the smallest that can be divided by.
    tiny = np.finfo(np.float64).tiny

    def amplitude(ratio: float) -> float:
        return max(float(np.sum(square / (values + ratio))) / count, tiny)

    def loss(exponent: float) -> float:
        ratio = scale * 10.0**exponent
        logs = targets.shape[1] * np.sum(np.log(values + ratio))
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
        dual=vectors @ (rotated / (values + ratio)[:, None]),
        values=values,
        vectors=vectors,
    )
