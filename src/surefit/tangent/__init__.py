"""Tangent kernels: empirical (at given weights) and limit (infinite width)."""

from surefit.tangent.empirical import empirical_ntk
from surefit.tangent.gram import jacobian, tangent_blocks
from surefit.tangent.limit import limit_kernel

__all__ = ["empirical_ntk", "jacobian", "limit_kernel", "tangent_blocks"]
