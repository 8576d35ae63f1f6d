"""Training with the quantities of the theory measured along the way."""

from surefit.training.entry import train
from surefit.training.many import ManyRuns, train_many
from surefit.training.method import Method
from surefit.training.methods import (
    METHODS,
    GradientDescent,
    GradientFlow,
    StochasticGradientDescent,
)
from surefit.training.monitor import Monitor, Move
from surefit.training.monitors import MONITORS
from surefit.training.view import View

__all__ = [
    "METHODS",
    "MONITORS",
    "GradientDescent",
    "GradientFlow",
    "ManyRuns",
    "Method",
    "Monitor",
    "Move",
    "StochasticGradientDescent",
    "View",
    "train",
    "train_many",
]
