"""Losses: one file each, with the curvature that the theory asks of them."""

from surefit.core.catalogue import Catalogue
from surefit.losses.cross_entropy import CrossEntropy, MeanCrossEntropy
from surefit.losses.geman_mcclure import GemanMcclure
from surefit.losses.gradient_dominated import GradientDominated
from surefit.losses.huber import Huber
from surefit.losses.logistic import Logistic, MeanLogistic
from surefit.losses.loss import Loss
from surefit.losses.squared import HalfMeanSquared, HalfSquared, MeanSquared, SumSquared

LOSSES = Catalogue("loss", Loss, "surefit.losses")

__all__ = [
    "LOSSES",
    "CrossEntropy",
    "GemanMcclure",
    "GradientDominated",
    "HalfMeanSquared",
    "HalfSquared",
    "Huber",
    "Logistic",
    "Loss",
    "MeanCrossEntropy",
    "MeanLogistic",
    "MeanSquared",
    "SumSquared",
]
