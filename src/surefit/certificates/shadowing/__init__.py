"""Certificates about descent from initialisation: the float run shadows the exact one."""

from surefit.certificates.shadowing.running import ShadowProgress, shadow

__all__ = ["ShadowProgress", "shadow"]
