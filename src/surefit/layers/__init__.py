"""Layers: one file each; a network is a layer made of layers."""

from surefit.core.catalogue import Catalogue
from surefit.core.layer import Layer
from surefit.layers.antisymmetric import Antisymmetric
from surefit.layers.attention import Attention
from surefit.layers.average_pool import AveragePool
from surefit.layers.bias import Bias
from surefit.layers.centred import Centred
from surefit.layers.concat import Concat
from surefit.layers.conv import Conv
from surefit.layers.dense import Dense
from surefit.layers.dropout import Dropout
from surefit.layers.equilibrium import Equilibrium, EquilibriumWarning
from surefit.layers.flatten import Flatten
from surefit.layers.global_average_pool import GlobalAveragePool
from surefit.layers.layer_norm import LayerNorm
from surefit.layers.linearised import Linearised
from surefit.layers.monotone_equilibrium import MonotoneEquilibrium
from surefit.layers.product import Product
from surefit.layers.residual import Residual
from surefit.layers.serial import Serial
from surefit.layers.sum import Sum
from surefit.layers.weight_norm_dense import WeightNormDense

LAYERS = Catalogue("layer", Layer, "surefit.layers")

__all__ = [
    "LAYERS",
    "Antisymmetric",
    "Attention",
    "AveragePool",
    "Bias",
    "Centred",
    "Concat",
    "Conv",
    "Dense",
    "Dropout",
    "Equilibrium",
    "EquilibriumWarning",
    "Flatten",
    "GlobalAveragePool",
    "Layer",
    "LayerNorm",
    "Linearised",
    "MonotoneEquilibrium",
    "Product",
    "Residual",
    "Serial",
    "Sum",
    "WeightNormDense",
]
