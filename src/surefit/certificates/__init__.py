"""Certificates: statements about descent from the saved weights, with the numbers behind them."""

from surefit.certificates.certifier import CERTIFIERS, Certifier, Dynamics
from surefit.certificates.classified import certify_classes
from surefit.certificates.equilibria import certify_equilibria, has_equilibria
from surefit.certificates.floor import certify_floor
from surefit.certificates.initial import certify_at_start
from surefit.certificates.loose import with_looseness
from surefit.certificates.point import Point
from surefit.certificates.selection import certify, fires, issue_all
from surefit.certificates.stochastic import certify_batches

__all__ = [
    "CERTIFIERS",
    "Certifier",
    "Dynamics",
    "Point",
    "certify",
    "certify_at_start",
    "certify_batches",
    "certify_classes",
    "certify_equilibria",
    "certify_floor",
    "fires",
    "has_equilibria",
    "issue_all",
    "with_looseness",
]
