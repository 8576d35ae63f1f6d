"""Certificates about descent from weights that nobody trained, by the length of the linear path."""

from surefit.certificates.initial.entry import certify_at_start

__all__ = ["certify_at_start"]
