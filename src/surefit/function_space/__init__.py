"""Training in function space: predictions of networks from their kernels, in closed form."""

from surefit.function_space.eigen import Definiteness, KernelEigen
from surefit.function_space.gaussian import PredictiveDistribution
from surefit.function_space.given import at_infinite_width, linearised_at
from surefit.function_space.other_losses import LossFlow, loss_flow
from surefit.function_space.process import GaussianProcess
from surefit.function_space.space import FunctionSpace
from surefit.function_space.trained import TrainedFunction

__all__ = [
    "Definiteness",
    "FunctionSpace",
    "GaussianProcess",
    "KernelEigen",
    "LossFlow",
    "PredictiveDistribution",
    "TrainedFunction",
    "at_infinite_width",
    "linearised_at",
    "loss_flow",
]
