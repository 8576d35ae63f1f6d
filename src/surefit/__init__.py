"""surefit: will gradient descent fit this network, how fast, how wide, and can you prove it?"""

from __future__ import annotations

from surefit import activations, core, errors, layers, losses, models
from surefit.activations import *  # noqa: F403
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Evidence, Sense
from surefit.core.kernel import Kernel
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.layers import *  # noqa: F403
from surefit.problem import Problem
from surefit.tangent import empirical_ntk, limit_kernel
