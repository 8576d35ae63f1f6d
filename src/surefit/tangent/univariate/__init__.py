"""Limit kernels that are one function of the angle, whatever the depth of the network."""

from surefit.tangent.univariate.evaluate import again, univariate_kernel
from surefit.tangent.univariate.fit import Univariate, fit

__all__ = ["Univariate", "again", "fit", "univariate_kernel"]
