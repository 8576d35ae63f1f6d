"""The operations that a network is made of, each with its share of the curvature bound."""

from surefit.curvature.nodes.data import Data
from surefit.curvature.nodes.elementwise import Elementwise
from surefit.curvature.nodes.fixed_map import FixedMap
from surefit.curvature.nodes.implicit import Implicit
from surefit.curvature.nodes.node import Node, Passage, Spread
from surefit.curvature.nodes.shift import Shift
from surefit.curvature.nodes.total import Total
from surefit.curvature.nodes.weights import Weights

__all__ = [
    "Data",
    "Elementwise",
    "FixedMap",
    "Implicit",
    "Node",
    "Passage",
    "Shift",
    "Spread",
    "Total",
    "Weights",
]
