"""What the theorems about implicit networks share: the papers' networks, constants and radii."""

from surefit.theory.implicit.gao_network import GaoNetwork, gao_network
from surefit.theory.implicit.gao_quantities import (
    feature_gram_smallest,
    lambda_0,
    limit_feature_gram_smallest,
    norm_constant,
)
from surefit.theory.implicit.gao_radii import (
    Movement,
    corrected_movement,
    corrected_radius,
    printed_radius,
    proof_movement,
)
from surefit.theory.implicit.initialisation import (
    entry_deviation_probability,
    gram_width,
    norm_constant_of_gaussians,
    output_bound,
    required_corrected_width,
    width_before_drawing,
)

__all__ = [
    "GaoNetwork",
    "Movement",
    "corrected_movement",
    "corrected_radius",
    "entry_deviation_probability",
    "feature_gram_smallest",
    "gao_network",
    "gram_width",
    "lambda_0",
    "limit_feature_gram_smallest",
    "norm_constant",
    "norm_constant_of_gaussians",
    "output_bound",
    "printed_radius",
    "proof_movement",
    "required_corrected_width",
    "width_before_drawing",
]
