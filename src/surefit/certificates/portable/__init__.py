"""Certificates as files that a checker which shares nothing with this package can read."""

from surefit.certificates.portable.document import Statement, described, portable
from surefit.certificates.portable.unportable import Unportable

__all__ = ["Statement", "Unportable", "described", "portable"]
