"""Losses: one file each, with the curvature that the theory asks of them."""

from surefit.core.catalogue import Catalogue
from surefit.losses.loss import Loss
from surefit.losses.squared import HalfMeanSquared, HalfSquared, MeanSquared, SumSquared

LOSSES = Catalogue("loss", Loss, "surefit.losses")

__all__ = ["LOSSES", "HalfMeanSquared", "HalfSquared", "Loss", "MeanSquared", "SumSquared"]
