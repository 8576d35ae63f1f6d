"""The networks of the papers with their initialisations, as functions that compose layers."""

from surefit.models.convolutional import convolutional
from surefit.models.fully_connected import fully_connected
from surefit.models.implicit_linear import implicit_linear, ling
from surefit.models.implicit_relu import implicit_relu
from surefit.models.init_family import (
    INITIALISATIONS,
    initial_scales,
    ratio_sweep,
    shallow_family,
)
from surefit.models.multilayer import multilayer
from surefit.models.residual import residual
from surefit.models.shallow import shallow
from surefit.models.two_layer import two_layer

__all__ = [
    "INITIALISATIONS",
    "convolutional",
    "fully_connected",
    "implicit_linear",
    "implicit_relu",
    "initial_scales",
    "ling",
    "multilayer",
    "ratio_sweep",
    "residual",
    "shallow",
    "shallow_family",
    "two_layer",
]
