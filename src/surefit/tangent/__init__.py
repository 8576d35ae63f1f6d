"""Tangent kernels: empirical (at given weights) and limit (infinite width)."""

from surefit.tangent import blocks
from surefit.tangent.contributions import limit_contributions
from surefit.tangent.empirical import empirical_ntk
from surefit.tangent.gram import jacobian, tangent_blocks, tangent_kernel
from surefit.tangent.limit import limit_kernel
from surefit.tangent.operator import NTKOperator, ntk_operator
from surefit.tangent.plan import NTKPlan, plan_ntk

__all__ = [
    "NTKOperator",
    "NTKPlan",
    "blocks",
    "empirical_ntk",
    "jacobian",
    "limit_contributions",
    "limit_kernel",
    "ntk_operator",
    "plan_ntk",
    "tangent_blocks",
    "tangent_kernel",
]
