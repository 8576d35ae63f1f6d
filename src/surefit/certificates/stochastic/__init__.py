"""Certificates about stochastic gradient descent from the saved weights (Theorem 5)."""

from surefit.certificates.stochastic.issuing import certify_batches
from surefit.certificates.stochastic.plan import Ground, Plan, best_plan, restated

__all__ = ["Ground", "Plan", "best_plan", "certify_batches", "restated"]
