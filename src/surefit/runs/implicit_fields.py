"""The fields of a spec that only implicit networks have, and what such networks have by default."""

from __future__ import annotations

from typing import Any, Literal

from surefit.runs.network_fields import NetworkFields
from surefit.runs.options import Positive, Switch, option

__all__ = ["APPLIES_TO", "FAMILY_INITS", "ImplicitFields", "own_defaults"]

Trained = Literal["all", "implicit"]

# Fields added after the first release of the schema. They are None for all other networks, and
# left out of the canonical form there, so that the ids of runs made before keep their meaning.
APPLIES_TO = {
    "gamma": ("implicit", "implicit_linear", "ling"),
    "trained": ("implicit",),
    "skip": ("implicit",),
    "output_scale": ("implicit", "ling"),
}

_PAPER: dict[str, Any] = {"activation": "relu", "init": "gaussian", "antisymmetric": False}
# What a field has where it is not set: the choice of the paper instead of that of `shallow`. No
# certificate ends the run of an implicit network, so that the steps have a limit of their own.
_OWN: dict[str, dict[str, Any]] = {
    "implicit": _PAPER
    | {"gamma": 0.1, "trained": "all", "skip": True, "output_scale": 1.0, "steps": 2000},
    "implicit_linear": {"init": "gaussian", "antisymmetric": False, "gamma": 0.25, "steps": 2000},
    # 0.4 is sqrt(2) sigma_w at sigma_w^2 = 0.08. Condition 1 needs a small output scale.
    "ling": _PAPER
    | {
        "gamma": 0.4,
        "output_scale": 1.0,
        "steps": 2000,
        "preprocess": ("centre", "sqrt_dimension_norm"),
    },
}


# The starts of Song et al. for `shallow`: random outputs, as the theorem has it. At their scales a
# certificate may never hold, so that the steps have a limit of their own here as well.
_FAMILY: dict[str, Any] = {"antisymmetric": False, "steps": 2000}
FAMILY_INITS = ("he", "lecun", "song")


def own_defaults(network: str, init: str | None = None) -> dict[str, Any]:
    """Field -> default, where a network or a start has another one than the others."""
    if network == "shallow" and init in FAMILY_INITS:
        return _FAMILY
    return _OWN.get(network, {})


class ImplicitFields(NetworkFields):
    """What implicit networks have and others have not."""

    gamma: Positive | None = option(
        None,
        "Implicit networks only: the size of the weights inside the equilibrium. Their operator "
        "norm is about 2 gamma in wide networks; below 1 (times the Lipschitz constant of the "
        "activation) the equilibrium exists for every input. Above, a warning is given and the "
        "solver says whether it was found. Unset: 0.1 for `implicit`, 0.25 for `implicit_linear`, "
        "0.4 for `ling` (there gamma is sqrt(2) sigma_w).",
        "be a finite number above 0",
        "0.1",
    )
    trained: Trained | None = option(
        None,
        "Network `implicit` only: `all` weights are trained, or only those inside the equilibrium "
        "(`implicit`). Unset: all.",
        "be `all` or `implicit`",
        '"all"',
    )
    skip: Switch | None = option(
        None,
        "Network `implicit` only: whether the output also sees the features that enter the "
        "equilibrium, as in the paper. Unset: yes.",
        "be true or false",
        "true",
    )
    output_scale: Positive | None = option(
        None,
        "Networks `implicit` and `ling` only: a factor on the initial output weights. Small ones "
        "start near output 0. Unset: 1.",
        "be a finite number above 0",
        "0.1",
    )
