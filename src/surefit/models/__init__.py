"""The networks of the papers with their initialisations, as functions that compose layers."""

from surefit.models.multilayer import multilayer
from surefit.models.shallow import shallow
from surefit.models.two_layer import two_layer

__all__ = ["multilayer", "shallow", "two_layer"]
