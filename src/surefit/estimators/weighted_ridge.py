r"""Kernel ridge regression with sample weights, the ridge given or chosen by cross-validation.

The coefficients solve $(K + \rho W^{-1})\alpha = y$, the minimiser of
$\sum_iw_i(f(x_i) - y_i)^2 + \rho\|f\|_K^2$. A weight of 2 is the same as having the sample twice.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import scipy.linalg
from jaxtyping import Float64

from surefit.errors import InvalidInputError

__all__ = ["Fit", "fit_ridge", "require_ridge"]

# Candidates of generalised cross-validation, in multiples of the mean diagonal of the kernel.
GRID = np.logspace(-10.0, 2.0, 25)

Targets = Float64[np.ndarray, "n k"]


@dataclasses.dataclass(frozen=True)
class Fit:
    r"""What a fit leaves.

    Args:
        dual: $\alpha$.
        ridge: $\rho$, in the units of the kernel.
        scores: of every candidate ridge, the error estimate of generalised cross-validation.
    """

    dual: Targets
    ridge: float
    scores: Float64[np.ndarray, " c"] | None = None


def require_ridge(call: str, ridge: Any) -> None:
    """Refuse what is no ridge, before a kernel is computed for it.

    Args:
        call: the estimator.
        ridge: what it was given.

    Raises:
        InvalidInputError: it is neither a number at least 0 nor `gcv`.
    """
    number = isinstance(ridge, int | float | np.number) and 0.0 <= float(ridge) < np.inf
    if not number and not (isinstance(ridge, str) and ridge == "gcv"):
        raise InvalidInputError(
            f"`{call}(ridge=...)` must be a number at least 0 or 'gcv'. Got {ridge!r}. It is the "
            "weight of the squared norm against the squared errors, in multiples of the kernel's "
            "mean diagonal. Use 'gcv' to have it chosen by generalised cross-validation."
        )


def fit_ridge(
    kernel: Float64[np.ndarray, "n n"],
    targets: Targets,
    ridge: float | str,
    weight: Float64[np.ndarray, " n"] | None = None,
) -> Fit:
    r"""Fit all outputs at once.

    Args:
        kernel: positive semi-definite.
        targets: one column per output, centred.
        ridge: a multiple of the (weighted) mean diagonal of the kernel, or `gcv`: the candidate
            with the least error estimate.
        weight: positive; None: all 1.

    Raises:
        InvalidInputError: `ridge` is neither a number at least 0 nor `gcv`.

    Cost: $n^3/3$ operations for a number, an eigenvalue decomposition ($9n^3$) for `gcv` and for 0.

    References:
        Golub, Heath, Wahba (1979), Generalized cross-validation as a method for choosing a good
        ridge parameter, equation (1.4). With weights, the number of samples is their sum.
    """
    require_ridge("fit_ridge", ridge)
    number = None if ridge == "gcv" else float(ridge)
    weight = np.ones(len(kernel)) if weight is None else weight
    scale = float(np.average(np.diag(kernel), weights=weight)) or 1.0
    if number is not None and number > 0.0:
        rho = float(ridge) * scale
        try:
            factor = scipy.linalg.cho_factor(kernel + np.diag(rho / weight), lower=True)
            return Fit(scipy.linalg.cho_solve(factor, targets), rho)
        except np.linalg.LinAlgError:
            pass  # a ridge below the kernel's rounding: the decomposition knows what to drop
    return _decomposed(kernel, targets, None if number is None else number * scale, weight, scale)


def _decomposed(
    kernel: Float64[np.ndarray, "n n"],
    targets: Targets,
    rho: float | None,
    weight: Float64[np.ndarray, " n"],
    scale: float,
) -> Fit:
    root = np.sqrt(weight)[:, None]
    values, vectors = scipy.linalg.eigh(root * kernel * root.T)
    # Negative eigenvalues are rounding. What rounding made of a zero must not be divided by.
    floor = len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    kept = values > floor
    values, vectors = values[kept], vectors[:, kept]
    rotated = vectors.T @ (root * targets)
    scores = None
    if rho is None:
        lost = np.sum((root * targets) ** 2) - np.sum(rotated**2)
        total = max(float(weight.sum()), float(len(weight)))
        candidates = GRID * scale
        shrink = candidates[:, None] / (values + candidates[:, None])
        errors = shrink**2 @ np.sum(rotated**2, axis=1) + max(lost, 0.0)
        freedom = 1.0 - np.sum(1.0 - shrink, axis=1) / total
        scores = errors / total / freedom**2
        rho = float(candidates[np.argmin(scores)])
    return Fit(root * (vectors @ (rotated / (values + rho)[:, None])), rho, scores)
