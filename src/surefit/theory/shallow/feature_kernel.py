r"""The limit of $\phi(WX)^\top\phi(WX)/d_1$ for wide layers, and bounds on its eigenvalues.

$$K = E[\phi(Xw)\phi(Xw)^\top], \quad w \sim N(0, \omega_1^2I); \qquad
  K = \sum_{i \ge 0}w_i\,(XX^\top)^{\circ i} \text{ for unit rows},\ w_i = \frac{c_i^2}{i!}.$$

The spectrum of $K$ itself comes from the dual of the activation. The bounds by single terms are
those of the paper, and one that costs the same and is larger:

* one term: $\lambda_{\min}(K) \ge w_t\,\sigma_{\min}^2(X^{*t})$;
* all terms from $t$ on: $\lambda_{\min}(K) \ge \big(\sum_{i \ge t}w_i\big)\sigma_{\min}^2(X^{*t})$,
  because $(XX^\top)^{\circ i}$ is the Hadamard product of $(XX^\top)^{\circ t}$ with a positive
  semidefinite matrix of unit diagonal, which makes no eigenvalue smaller than $\lambda_{\min}$
  (Schur). It needs $c_i \ne 0$ for one $i \ge t$ only;
* $\lambda_{\max}(K) \le w_0n + \big(\sum_{i \ge 1}w_i\big)\sigma_{\max}^2(X)$, likewise.

References:
    Song et al. (2021), arXiv 2111.01875, the bounds on features behind Theorem 3 (the first and
    the third); R. A. Horn, C. R. Johnson, Topics in Matrix Analysis, Theorem 5.3.4 (Schur).
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation, dual_error
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, down, up
from surefit.core.spectrum import Enclosure, Spectrum, symmetric_spectrum
from surefit.core.spectrum.validation import finite_matrix
from surefit.theory.shallow.coefficients import (
    UNIT,
    AdmissibleDegree,
    admissible_degree,
    series_weights,
)
from surefit.theory.shallow.hadamard import hadamard_spectrum

__all__ = ["EigenvalueBound", "FeatureKernel", "feature_kernel"]


@dataclasses.dataclass(frozen=True)
class EigenvalueBound:
    r"""A bound on an extreme eigenvalue of the feature kernel, and where it comes from.

    Args:
        value: rounded to the safe side.
        formula: what was evaluated.
        degree: $t$; None where no degree enters.
        source: where the formula is from.
    """

    value: float
    formula: str
    degree: int | None
    source: str


@dataclasses.dataclass(frozen=True)
class FeatureKernel:
    r"""The feature kernel at infinite width, per hidden feature.

    Args:
        spectrum: of the whole series.
        omega1: $\omega_1$.
        degree: the degree behind the lower bounds; None where no degree gives one.
        lower: lower bounds on $\lambda_{\min}$, best first.
        upper: upper bounds on $\lambda_{\max}$.
    """

    spectrum: Spectrum
    omega1: float
    degree: AdmissibleDegree | None
    lower: tuple[EigenvalueBound, ...]
    upper: tuple[EigenvalueBound, ...]

    @property
    def smallest(self) -> Enclosure:
        r"""$\lambda_{\min}(K)$: what $\sigma_{\min}^2(\phi(WX))/d_1$ tends to."""
        return self.spectrum.smallest

    @property
    def largest(self) -> Enclosure:
        r"""$\lambda_{\max}(K)$: what $\sigma_{\max}^2(\phi(WX))/d_1$ tends to."""
        return self.spectrum.largest


@float64
def feature_kernel(
    x: Any, activation: Activation, omega1: float = 1.0, terms: int = 64
) -> FeatureKernel:
    r"""Spectrum of $E[\phi(Xw)\phi(Xw)^\top]$ and bounds on it by terms of its Hermite series.

    For finite width the requirement $d_1 \ge n$ comes on top: see `width_at_least_samples`.

    Args:
        x: samples as rows, float64. Bounds by terms exist for rows of unit norm only (up to 1e-12,
            of which the bounds take no account).
        activation: $\phi$.
        omega1: $\omega_1$.
        terms: the first degree that is not tried.

    Raises:
        InvalidInputError: `omega1` is not positive, or `x` is not a finite float64 matrix.

    Cost:
        The dual of $n^2$ pairs and $20n^3$ operations for each of about three spectra.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> from surefit.theory.shallow import feature_kernel
        >>> f"{feature_kernel(np.eye(3), sf.Gelu()).smallest:.6f}"  # E phi^2 - (E phi)^2
        '0.345644'
    """
    rows = finite_matrix(x, "feature_kernel(x=...)")
    weights = series_weights(activation, omega1, terms)
    spectrum = _spectrum(rows, activation, omega1)
    if np.max(np.abs(np.linalg.norm(rows, axis=1) - 1.0)) > UNIT:
        return FeatureKernel(spectrum, omega1, None, (), ())
    top = hadamard_spectrum(rows, 1).largest.upper
    mean, rest = weights.weight(0).upper, weights.from_degree(1).upper
    upper = EigenvalueBound(
        float(up(up(mean * len(rows)) + up(up(rest * up(top**2))))),
        "c_0^2 n + (sum_{i>=1} c_i^2/i!) sigma_max(X)^2",
        None,
        "Song et al. (2021), proof of Theorem 3",
    )
    degree = admissible_degree(rows, activation, omega1, terms)
    if degree is None:
        return FeatureKernel(spectrum, omega1, None, (), (upper,))
    t, sigma = degree.degree, degree.power.smallest.lower
    tail = weights.from_degree(t).lower
    lower = (
        EigenvalueBound(
            max(0.0, float(down(tail * down(sigma**2)))),
            "(sum_{i>=t} c_i^2/i!) sigma_min(X^{*t})^2",
            t,
            "derived: Schur's inequality for the terms above t",
        ),
        EigenvalueBound(
            degree.bound.lower,
            "(c_t^2/t!) sigma_min(X^{*t})^2",
            t,
            "Song et al. (2021), proof of Theorem 3",
        ),
    )
    return FeatureKernel(spectrum, omega1, degree, lower, (upper,))


def _spectrum(rows: Any, activation: Activation, omega1: float) -> Spectrum:
    scaled = omega1 * rows
    variance = jnp.asarray(np.sum(scaled**2, axis=1))
    covariance = jnp.asarray(scaled @ scaled.T)
    # The correlation of a row with itself is one, whatever rounding makes of the product.
    diagonal = jnp.arange(len(rows))
    covariance = covariance.at[diagonal, diagonal].set(variance)
    arguments = covariance, variance[:, None], variance[None, :]
    kernel = np.asarray(activation.dual(*arguments))
    # 256 roundings per entry of a closed form, as for limit kernels; a series says it itself.
    error = 256.0 * UNIT_ROUNDOFF * float(np.linalg.norm(kernel))
    if type(activation).dual is Activation.dual:
        error += float(np.linalg.norm(np.asarray(dual_error(activation, *arguments))))
    return symmetric_spectrum((kernel + kernel.T) / 2, error)
