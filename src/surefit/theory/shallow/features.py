r"""Singular values of the hidden features $\phi(WX)$ at given weights."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.check import Check, Sense
from surefit.core.precision import float64
from surefit.core.rounding import (
    UNIT_ROUNDOFF,
    down,
    frobenius_norm_bound,
    gamma,
    gram_operator_error,
    up,
)
from surefit.core.spectrum import Enclosure, symmetric_spectrum
from surefit.core.spectrum.validation import finite_matrix
from surefit.errors import InvalidInputError

__all__ = ["FeatureSpectrum", "feature_spectrum", "width_at_least_samples"]

_EVALUATION = 64.0  # roundings of an activation, in units of |phi| + sup|phi'| |z|


@dataclasses.dataclass(frozen=True)
class FeatureSpectrum:
    r"""The extreme singular values of $\phi(WX)$ on $\mathbb R^n$.

    Args:
        smallest: $\sigma_{\min}$; exactly 0 for $d_1 < n$.
        largest: $\sigma_{\max}$.
        width: $d_1$.
        samples: $n$.
    """

    smallest: Enclosure
    largest: Enclosure
    width: int
    samples: int


def width_at_least_samples(width: int, samples: int) -> Check:
    r"""$d_1 \ge n$, without which $\phi(WX)$ has a kernel and $\sigma_{\min} = 0$."""
    note = "fewer features than samples are linearly dependent: sigma_min(phi(W X)) = 0"
    return Check("width d_1 >= n", float(width), float(samples), Sense.AT_LEAST, note=note)


@float64
def feature_spectrum(activation: Activation, weights: Any, x: Any) -> FeatureSpectrum:
    r"""$\sigma_{\min}(\phi(WX))$ and $\sigma_{\max}(\phi(WX))$ with enclosures.

    The features computed, $\hat\phi$, differ from the exact ones by at most $\sup|\phi'|\,
    \gamma_d|W||X|$ (pre-activations) and a few units in the last place (the function), entry by
    entry; by Weyl's inequality singular values differ by no more than the Frobenius norm of that.
    Those of $\hat\phi$ come from its $n \times n$ Gram matrix.

    Args:
        activation: $\phi$, with finite `lipschitz`.
        weights: $W$, one row per hidden feature, float64.
        x: samples as rows, float64.

    Raises:
        InvalidInputError: not finite float64 matrices of matching sizes, or $\phi'$ is unbounded.

    Cost:
        $nd_1(n + d_0)$ operations for the matrices and $20n^3$ for the spectrum.
    """
    rows = finite_matrix(x, "feature_spectrum(x=...)")
    hidden = finite_matrix(weights, "feature_spectrum(weights=...)")
    if rows.shape[1] != hidden.shape[1]:
        raise InvalidInputError(
            "`feature_spectrum(weights=..., x=...)` must have as many columns each. Got shapes "
            f"{hidden.shape} and {rows.shape}. A row of the weights acts on a row of x. Transpose "
            "the one that has samples or features as columns."
        )
    if not math.isfinite(activation.lipschitz):
        raise InvalidInputError(
            "`feature_spectrum(activation=...)` must have a bounded derivative. Got "
            f"{activation!r}. Without it rounding of a pre-activation is not bounded behind the "
            "activation. Use a Lipschitz activation, as the theorems do."
        )
    n, width = len(rows), len(hidden)
    features = np.asarray(activation(jnp.asarray(rows @ hidden.T)))
    spread = _feature_error(activation, rows, hidden, features)
    gram = features @ features.T
    spectrum = symmetric_spectrum(gram, gram_operator_error(features), eigenvectors=False)
    smallest = _widened(spectrum.smallest, spread)
    if width < n:
        smallest = Enclosure(0.0, 0.0, 0.0)
    return FeatureSpectrum(smallest, _widened(spectrum.largest, spread), width, n)


def _feature_error(
    activation: Activation,
    rows: Float[np.ndarray, "n d"],
    hidden: Float[np.ndarray, "m d"],
    features: Float[np.ndarray, "n m"],
) -> float:
    """Bound on the Frobenius norm of the error of the features."""
    reach = np.abs(rows) @ np.abs(hidden).T
    slope = activation.lipschitz
    preactivation = slope * up(gamma(rows.shape[1] + 2) * reach)
    function = _EVALUATION * UNIT_ROUNDOFF * (np.abs(features) + slope * reach)
    return float(up(frobenius_norm_bound(preactivation + function) * (1.0 + gamma(8))))


def _widened(eigenvalue: Enclosure, spread: float) -> Enclosure:
    """The singular value of the exact features from the eigenvalue of the computed ones."""
    if eigenvalue.upper < 0:
        return Enclosure(0.0, 0.0, spread)
    root = eigenvalue.sqrt()
    return Enclosure(max(0.0, float(down(root.lower - spread))), root.value,
                     float(up(root.upper + spread)))  # fmt: skip
