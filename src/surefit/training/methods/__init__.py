"""Training methods: one file each."""

from surefit.core.catalogue import Catalogue
from surefit.training.method import Method
from surefit.training.methods.gradient_descent import GradientDescent
from surefit.training.methods.gradient_flow import GradientFlow
from surefit.training.methods.stochastic_gradient_descent import StochasticGradientDescent

METHODS = Catalogue("method", Method, "surefit.training.methods")

__all__ = ["METHODS", "GradientDescent", "GradientFlow", "Method", "StochasticGradientDescent"]
