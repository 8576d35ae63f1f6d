"""The networks of the papers with their initialisations, as functions that compose layers."""

from surefit.models.shallow import shallow
from surefit.models.two_layer import two_layer

__all__ = ["shallow", "two_layer"]
