"""Lipschitz bounds of the Jacobian: how far a network is from being linear in its parameters."""

from surefit.curvature.bound import CurvatureBound, curvature_profile, jacobian_lipschitz
from surefit.curvature.structure import TwoLayer, linear_in_parameters, two_layer_view

__all__ = [
    "CurvatureBound",
    "TwoLayer",
    "curvature_profile",
    "jacobian_lipschitz",
    "linear_in_parameters",
    "two_layer_view",
]
