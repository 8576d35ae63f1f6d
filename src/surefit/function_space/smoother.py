r"""Linear smoothers $K(X_*, X)\,g(\Theta)$ and what they do to a Gaussian at the start."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64

from surefit.function_space.eigen import KernelEigen
from surefit.function_space.filters import SpectralFilter

__all__ = ["carried", "smoother", "symmetric"]

Cross = Float64[np.ndarray, "p n"]


def smoother(eigen: KernelEigen, cross: Cross, filter_: SpectralFilter) -> Cross:
    r"""$A = K(X_*, X)\,Vg(\Lambda)V^\top$.

    Cost: $4pn^2$ operations.
    """
    vectors = eigen.vectors
    return ((cross @ vectors) * filter_.gain(eigen.values)[None, :]) @ vectors.T


def symmetric(matrix: Float64[np.ndarray, "p p"]) -> Float64[np.ndarray, "p p"]:
    """The symmetric part, which rounding took away."""
    return 0.5 * (matrix + matrix.T)


def carried(
    smooth: Cross,
    own: Float64[np.ndarray, "p p"],
    cross: Cross,
    train: Float64[np.ndarray, "n n"],
) -> Float64[np.ndarray, "p p"]:
    r"""The covariance of $f_0(X_*) - Af_0(X)$: $K_{**} - AK_*^\top - K_*A^\top + AKA^\top$."""
    mixed = smooth @ cross.T
    return symmetric(own - mixed - mixed.T + smooth @ train @ smooth.T)
