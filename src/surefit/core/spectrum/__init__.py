"""Extreme eigenvalues of a symmetric matrix or operator, each with an error enclosure.

| you have | you want | use |
|---|---|---|
| a matrix | all eigenvalues, one error bound | `symmetric_spectrum` |
| a matrix | the smallest, no eigenvalue solver trusted | `smallest_eigenvalue_cholesky` |
| products with vectors | both ends | `lanczos_extremes` |
| products with vectors | a few smallest, with multiplicity | `lobpcg_smallest` |
| a rectangular matrix | its operator norm | `matrix_norm` |
| products with it and its transpose | its operator norm | `power_norm` |
| a Gram matrix and a ridge | how many directions count | `effective_dimension` |
"""

from surefit.core.spectrum.cholesky import smallest_eigenvalue_cholesky
from surefit.core.spectrum.dense import Spectrum, symmetric_spectrum
from surefit.core.spectrum.effective_dimension import effective_dimension
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.spectrum.lanczos import Extremes, lanczos_extremes
from surefit.core.spectrum.lobpcg import SmallestEigenvalues, lobpcg_smallest
from surefit.core.spectrum.norm import matrix_norm, power_norm
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.core.spectrum.random_start import kuczynski_wozniakowski
from surefit.core.spectrum.residual import product_residual_bound

__all__ = [
    "Enclosure",
    "Extremes",
    "SmallestEigenvalues",
    "Spectrum",
    "SymmetricOperator",
    "effective_dimension",
    "kuczynski_wozniakowski",
    "lanczos_extremes",
    "lobpcg_smallest",
    "matrix_norm",
    "power_norm",
    "product_residual_bound",
    "smallest_eigenvalue_cholesky",
    "symmetric_spectrum",
]
