"""Equilibria of infinite width, and the Gram matrices of those of finite width."""

from surefit.implicit.limits.finite_gram import FiniteGram, finite_gram
from surefit.implicit.limits.gaussian_injection import gaussian_injection
from surefit.implicit.limits.hermite_gram import hermite_gram
from surefit.implicit.limits.ling_finite_gram import LingGram, ling_finite_gram
from surefit.implicit.limits.ling_limit import LingLimit, ling_limit, ling_recursion
from surefit.implicit.limits.paper_limit import PaperLimit, paper_limit
from surefit.implicit.limits.rectified_injection import rectified_injection

__all__ = [
    "FiniteGram",
    "LingGram",
    "LingLimit",
    "PaperLimit",
    "finite_gram",
    "gaussian_injection",
    "hermite_gram",
    "ling_finite_gram",
    "ling_limit",
    "ling_recursion",
    "paper_limit",
    "rectified_injection",
]
