"""Lipschitz bounds of the Jacobian: how far a network is from being linear in its parameters."""

from surefit.curvature.bound import curvature_profile, jacobian_lipschitz, without_bound
from surefit.curvature.lower import CurvatureFound, curvature_found, looseness
from surefit.curvature.profile import CurvatureBound, CurvatureProfile
from surefit.curvature.structure import TwoLayer, linear_in_parameters, two_layer_view

__all__ = [
    "CurvatureBound",
    "CurvatureFound",
    "CurvatureProfile",
    "TwoLayer",
    "curvature_found",
    "curvature_profile",
    "jacobian_lipschitz",
    "linear_in_parameters",
    "looseness",
    "two_layer_view",
    "without_bound",
]
