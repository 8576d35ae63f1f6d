"""What the theorems on two-layer ReLU networks with fixed output signs share."""

from __future__ import annotations

import math

from surefit.activations import Relu
from surefit.core.check import Check
from surefit.theory import conditions
from surefit.theory.setting import Setting

__all__ = ["lambda_0", "model_checks"]


def model_checks(setting: Setting, std: float | None = None) -> tuple[Check, ...]:
    r"""Network and start of the papers: $w_r \sim N(0, \kappa^2I)$ trained, $a_r = \pm1$ fixed.

    Args:
        setting: what is asked about.
        std: the $\kappa$ that the theorem asks for, if it does.
    """
    return (
        conditions.network_is_two_layer(setting, Relu),
        conditions.gaussian_first_layer(setting, std),
        conditions.fixed_output_signs(setting),
        conditions.only_first_layer_trained(setting),
        conditions.independent_start(setting),
    )


def lambda_0(setting: Setting) -> float:
    r"""$\lambda_{\min}(H^\infty)$, the lower end of its enclosure, at least 0.

    NaN where the network's limit kernel is not $H^\infty$: another architecture or activation, or
    other layers trained.
    """
    fits = conditions.network_is_two_layer(setting, Relu).holds
    trained = conditions.only_first_layer_trained(setting).holds
    if not (fits and trained) or setting.limit_spectrum is None:
        return math.nan
    return max(setting.limit_spectrum.smallest.lower, 0.0)
