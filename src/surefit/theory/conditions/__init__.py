"""Hypotheses that several theorems share: each a function from a setting to a check."""

from surefit.theory.conditions.data import bounded_targets, no_parallel_inputs, unit_norm_inputs
from surefit.theory.conditions.dynamics import runs, squared_loss, step_size_at_most
from surefit.theory.conditions.network import (
    every_layer_trained,
    fixed_output_signs,
    gaussian_first_layer,
    independent_start,
    network_is_fully_connected,
    network_is_two_layer,
    only_first_layer_trained,
    smooth_activation,
)
from surefit.theory.conditions.numbers import (
    enclosed,
    over_parameterised,
    positive_definite,
    width_at_least,
)

__all__ = [
    "bounded_targets",
    "enclosed",
    "every_layer_trained",
    "fixed_output_signs",
    "gaussian_first_layer",
    "independent_start",
    "network_is_fully_connected",
    "network_is_two_layer",
    "no_parallel_inputs",
    "only_first_layer_trained",
    "over_parameterised",
    "positive_definite",
    "runs",
    "smooth_activation",
    "squared_loss",
    "step_size_at_most",
    "unit_norm_inputs",
    "width_at_least",
]
