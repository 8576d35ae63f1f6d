r"""Hermite coefficients of $z \mapsto \phi(\omega_1z)$ and the degree that serves a data set best.

With $c_i = E[\phi(\omega_1g)q_i(g)]$, $E q_i^2 = i!$, and rows of unit norm the limit of
$\phi(WX)^\top\phi(WX)/d_1$ is $\sum_i w_i(XX^\top)^{\circ i}$ with the weights $w_i = c_i^2/i!$,
which sum to $E\phi(\omega_1g)^2$ (Parseval).
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.activations import Activation, hermite_coefficients
from surefit.activations.hermite import HermiteCoefficients
from surefit.core.precision import float64
from surefit.core.rounding import down, gamma, up
from surefit.core.spectrum import Enclosure
from surefit.core.spectrum.validation import finite_matrix
from surefit.errors import InvalidInputError
from surefit.theory.shallow.hadamard import (
    HadamardSpectrum,
    hadamard_spectrum,
    symmetric_dimension,
)

__all__ = ["AdmissibleDegree", "SeriesWeights", "admissible_degree", "series_weights"]

UNIT = 1e-12
"""How far a norm may be from 1 and still count as 1, as in `theory.conditions`."""


@dataclasses.dataclass(frozen=True)
class SeriesWeights:
    r"""The weights $w_i = c_i^2/i!$ of $z \mapsto \phi(\omega_1z)$, each with an error bound.

    Args:
        coefficients: $c_i/\sqrt{i!}$ with their common error bound and the tail after the last.
        omega1: $\omega_1$.
    """

    coefficients: HermiteCoefficients
    omega1: float

    @property
    def terms(self) -> int:
        """How many weights are known one by one."""
        return self.coefficients.normalised.size

    def weight(self, degree: int) -> Enclosure:
        r"""$w_t$; its lower end is positive only where $c_t \ne 0$ is certain."""
        value = abs(float(self.coefficients.normalised[degree]))
        error = self.coefficients.error
        low, high = max(0.0, float(down(value - error))), float(up(value + error))
        return Enclosure(max(0.0, float(down(low**2))), value**2, float(up(high**2)))

    def from_degree(self, degree: int) -> Enclosure:
        r"""$\sum_{i \ge t}w_i$, what Parseval's equation leaves after the first $t$ weights."""
        below = [self.weight(i) for i in range(degree)]
        total = self.coefficients.second_moment
        # Twice: the error bound of a coefficient, relative to the norm, is also that of the norm.
        slack = 2.0 * self.coefficients.error * math.sqrt(total)
        ends = (
            total - slack - sum(weight.upper for weight in below),
            total - sum(weight.value for weight in below),
            total + slack - sum(weight.lower for weight in below),
        )
        low, value, high = (max(end, 0.0) for end in ends)
        return Enclosure(max(0.0, float(down(low))), value, float(up(high)))


@float64
def series_weights(activation: Activation, omega1: float = 1.0, terms: int = 64) -> SeriesWeights:
    r"""The first weights of the Hermite series of $z \mapsto \phi(\omega_1z)$.

    `series_weights(...).coefficients.unnormalised` are the $c_i$ as the paper writes them.

    Args:
        activation: $\phi$.
        omega1: $\omega_1$, standard deviation of a pre-activation for an input of unit norm.
        terms: how many.

    Raises:
        InvalidInputError: `omega1` is not positive and finite, or `terms` is below 1.

    References:
        Song et al. (2021), arXiv 2111.01875, Assumption 2 (Hermite norm; printed as $\sqrt{\sum
        c_i^2}$, while $\sqrt{\sum c_i^2/i!}$ is the one that equals $\sqrt{E\phi^2}$).

    Example:
        >>> import surefit as sf
        >>> from surefit.theory.shallow import series_weights
        >>> series_weights(sf.Gelu()).coefficients.unnormalised[:3].round(5)
        array([0.28209, 0.5    , 0.42314])
    """
    if not 0.0 < omega1 < math.inf:
        raise InvalidInputError(
            f"`series_weights(omega1=...)` must be positive and finite. Got {omega1}. It is the "
            "standard deviation of the weights of the first layer."
        )
    return SeriesWeights(hermite_coefficients(activation, omega1**2, terms), float(omega1))


@dataclasses.dataclass(frozen=True)
class AdmissibleDegree:
    r"""A degree $t \ge 1$ with $c_t \ne 0$, and what it gives.

    Args:
        degree: $t$.
        weight: $c_t^2/t!$.
        power: the singular values of $X^{*t}$.
        bound: lower bound $\frac{c_t^2}{t!}\sigma_{\min}^2(X^{*t})$, with its rounding.
        best: whether no other degree gives more, those that were not tried included.
    """

    degree: int
    weight: Enclosure
    power: HadamardSpectrum
    bound: Enclosure
    best: bool


@float64
def admissible_degree(
    x: Any, activation: Activation, omega1: float = 1.0, terms: int = 64
) -> AdmissibleDegree | None:
    r"""The $t \ge 1$ that maximises the lower bound $\frac{c_t^2}{t!}\sigma_{\min}^2(X^{*t})$.

    Only degrees whose coefficient is certainly not zero count: GELU and softplus have no odd ones
    above 1, tanh no even ones. The closest pair of samples bounds what a degree can
    give; degrees are tried from the largest such bound down until no other can win.

    Args:
        x: samples as rows of unit norm, float64.
        activation: $\phi$.
        omega1: $\omega_1$.
        terms: the first degree that is not tried.

    Returns:
        The degree, or None where none of those tried gives a positive bound: parallel samples, or
        a polynomial activation of too low a degree for so many samples.

    Raises:
        InvalidInputError: rows that are not of unit norm up to 1e-12, or as for `series_weights`.

    Cost:
        $20n^3$ operations per degree that is tried, usually one or two.

    References:
        Song et al. (2021), Theorem 3, where $t$ is free.
    """
    rows = finite_matrix(x, "admissible_degree(x=...)")
    require_unit_rows(rows, "admissible_degree")
    weights = series_weights(activation, omega1, terms)
    ceilings = _ceilings(rows, weights)
    winner: AdmissibleDegree | None = None
    for t in sorted(ceilings, key=ceilings.__getitem__, reverse=True):
        if winner is not None and ceilings[t] <= winner.bound.lower:
            break
        weight, power = weights.weight(t), hadamard_spectrum(rows, t)
        bound = _product(weight, power.smallest)
        if bound.lower > (winner.bound.lower if winner is not None else 0.0):
            winner = AdmissibleDegree(t, weight, power, bound, best=False)
    if winner is None:
        return None
    beyond = weights.from_degree(terms).upper
    return dataclasses.replace(winner, best=beyond <= winner.bound.lower)


def _ceilings(rows: Float[np.ndarray, "n d"], weights: SeriesWeights) -> dict[int, float]:
    r"""What every degree that can give something gives at most.

    Two samples with $\langle x_a, x_b\rangle = \rho$ alone keep $\sigma_{\min}^2(X^{*t})$ below
    $1 - |\rho|^t$.
    """
    n, d = rows.shape
    products = np.abs(rows @ rows.T)
    np.fill_diagonal(products, 0.0)
    rho, rounding = float(products.max()), gamma(d + 4)
    found = {}
    for t in range(1, weights.terms):
        gap = 1.0 - rho**t + t * rounding
        # Where the gap is all rounding, no lower bound can come out positive.
        if symmetric_dimension(d, t) >= n and gap > 2 * t * rounding:
            weight = weights.weight(t)
            if weight.lower > 0.0:
                found[t] = weight.upper * gap
    return found


def _product(weight: Enclosure, sigma: Enclosure) -> Enclosure:
    """The weight times the square of a singular value."""
    return Enclosure(
        max(0.0, float(down(down(sigma.lower**2) * weight.lower))),
        weight.value * sigma.value**2,
        float(up(up(sigma.upper**2) * weight.upper)),
    )


def require_unit_rows(rows: Any, call: str) -> None:
    """Refuse rows that are not of unit norm."""
    defects = np.abs(np.linalg.norm(rows, axis=1) - 1.0)
    row = int(np.argmax(defects))
    if defects[row] > UNIT:
        raise InvalidInputError(
            f"`{call}(x=...)` must have rows of norm 1. Got 1 {defects[row]:+.3g} at row {row}. "
            "One set of Hermite coefficients belongs to one variance of the pre-activations. "
            "Normalise the rows (preprocessing step unit_norm); `feature_kernel` takes any rows."
        )
