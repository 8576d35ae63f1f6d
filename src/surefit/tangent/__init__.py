"""Tangent kernels: empirical (at given weights) and limit (infinite width)."""

from surefit.tangent.empirical import empirical_ntk
from surefit.tangent.gram import jacobian, tangent_blocks, tangent_kernel
from surefit.tangent.limit import limit_kernel
from surefit.tangent.plan import NTKPlan, plan_ntk

__all__ = [
    "NTKPlan",
    "empirical_ntk",
    "jacobian",
    "limit_kernel",
    "plan_ntk",
    "tangent_blocks",
    "tangent_kernel",
]
