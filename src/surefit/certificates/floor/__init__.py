"""Certificates about descent in float64, down to its rounding floor (Theorem 2)."""

from surefit.certificates.floor.issuing import certify_floor
from surefit.certificates.floor.plan import Ground, Plan, best_plan, restated

__all__ = ["Ground", "Plan", "best_plan", "certify_floor", "restated"]
