"""Activations: one file each; every one stands in `Serial` as it is."""

from surefit.activations.activation import Activation
from surefit.activations.relu import Relu
from surefit.activations.tanh import Tanh
from surefit.core.catalogue import Catalogue

ACTIVATIONS = Catalogue("activation", Activation, "surefit.activations")

__all__ = ["ACTIVATIONS", "Activation", "Relu", "Tanh"]
