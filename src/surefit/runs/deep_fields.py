"""The fields of a spec that only deep networks have, and what such networks have by default."""

from __future__ import annotations

from typing import Any, Literal

from surefit.runs.implicit_fields import ImplicitFields
from surefit.runs.options import AtLeastOne, NotNegative, Positive, Switch, option

__all__ = ["DEEP_APPLIES_TO", "DEEP_OWN", "DeepFields"]

BranchScale = Positive | Literal["1/(L log m)", "1/L", "1/sqrt(L)"]

# None for all other networks and left out of their canonical form, as in `implicit_fields`.
DEEP_APPLIES_TO = {
    "tau": ("resnet",),
    "window": ("cnn",),
    "shared": ("cnn",),
    "bias_scale": ("cnn",),
}

# The network of the paper starts at a random output. No certificate ends its run but the loss
# 1e-6, so that the limit of steps only has to be out of the way.
_PAPER: dict[str, Any] = {
    "activation": "relu",
    "init": "allen_zhu",
    "antisymmetric": False,
    "depth": 3,
    "method": "auto",
    "steps": 100_000,
}
DEEP_OWN: dict[str, dict[str, Any]] = {
    "fc": _PAPER,
    "cnn": _PAPER | {"window": 3, "shared": False, "bias_scale": 0.01},
    "resnet": _PAPER | {"tau": "1/(L log m)"},
}


class DeepFields(ImplicitFields):
    """What the deep networks of Allen-Zhu, Li and Song have and others have not."""

    tau: BranchScale | None = option(
        None,
        "Network `resnet` only: the factor of its branches, `1/(L log m)` (the paper), `1/L`, "
        "`1/sqrt(L)` (the largest for which features stay bounded at every depth L) or a number. "
        "Unset: that of the paper.",
        'be "1/(L log m)", "1/L", "1/sqrt(L)" or a finite number above 0',
        '"1/L"',
    )
    window: AtLeastOne | None = option(
        None,
        "Network `cnn` only: positions of a neighbourhood along every axis of the image. Unset: 3.",
        "be a whole number of at least 1",
        "3",
    )
    shared: Switch | None = option(
        None,
        "Network `cnn` only: whether all positions have the same weights, as usual convolutions "
        "have. Unset: no, every position has its own.",
        "be true or false",
        "true",
    )
    bias_scale: NotNegative | None = option(
        None,
        "Network `cnn` only: the factor of its fixed random biases; 0 for none. Unset: 0.01.",
        "be a finite number of at least 0",
        "0.01",
    )
