"""Layers: one file each; a network is a layer made of layers."""

from surefit.core.catalogue import Catalogue
from surefit.core.layer import Layer
from surefit.layers.antisymmetric import Antisymmetric
from surefit.layers.centred import Centred
from surefit.layers.dense import Dense
from surefit.layers.residual import Residual
from surefit.layers.serial import Serial

LAYERS = Catalogue("layer", Layer, "surefit.layers")

__all__ = ["LAYERS", "Antisymmetric", "Centred", "Dense", "Layer", "Residual", "Serial"]
