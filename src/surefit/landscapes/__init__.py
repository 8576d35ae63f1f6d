"""The objective around a point of training, over the gradient and a direction of curvature."""

from surefit.landscapes.drawing import landscape
from surefit.landscapes.result import Landscape
from surefit.landscapes.smoothing import smooth_rectifier

__all__ = ["Landscape", "landscape", "smooth_rectifier"]
