"""Equilibria of infinite width, and the Gram matrices of those of finite width."""

from surefit.implicit.limits.gaussian_injection import gaussian_injection
from surefit.implicit.limits.hermite_gram import hermite_gram
from surefit.implicit.limits.paper_limit import PaperLimit, paper_limit
from surefit.implicit.limits.rectified_injection import rectified_injection

__all__ = [
    "PaperLimit",
    "gaussian_injection",
    "hermite_gram",
    "paper_limit",
    "rectified_injection",
]
