"""Kernels of networks as formulas of pairs of examples, read from the layers."""

from surefit.tangent.formulas.network import Formula, formula

__all__ = ["Formula", "formula"]
