"""Certificates about classifiers: all samples correct, and flow on cross-entropy from there."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.certificates.portable import Unportable, portable
from surefit.certificates.wording import number
from surefit.core.certificate import Certificate
from surefit.core.check import Check, Sense
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.losses import CrossEntropy, Logistic, MeanCrossEntropy, MeanLogistic
from surefit.problem import Problem

__all__ = ["certify_classes"]

PAGE = "docs/certificates/cross-entropy.md"
FLOAT = "evidence float: evaluated in float64, not proved by an independent program."
_CLASSIFIED = (CrossEntropy, MeanCrossEntropy, Logistic, MeanLogistic)
_PIECEWISE_LINEAR = ("relu", "leaky_relu", "identity")


@float64
def certify_classes(problem: Problem, params: Params) -> tuple[Certificate, ...]:
    r"""That all samples are classified correctly, and that gradient flow keeps and finishes that.

    `accuracy`: every margin is positive. `homogeneous`, for bias-free networks of rectifiers with
    cross-entropy: the *sum* of the losses is below $\ln2$; then every gradient flow from the
    weights drives the loss to zero (Lyu, Li 2020).

    Args:
        problem: with cross-entropy or logistic loss.
        params: the weights that the statements are about.

    Returns:
        Both certificates, the strongest that holds first; they say what is missing.

    Raises:
        InvalidInputError: another loss.

    Cost:
        One forward pass.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(8), sf.Relu(), sf.Dense(3))
        >>> problem = sf.Problem(network, np.eye(3), np.eye(3), sf.CrossEntropy())
        >>> [one.name for one in certify_classes(problem, problem.init(0))]
        ['accuracy', 'homogeneous']
    """
    if not isinstance(problem.loss, _CLASSIFIED):
        raise InvalidInputError(
            "`certify_classes(problem=...)` must have cross-entropy or logistic loss. Got "
            f"{type(problem.loss).__name__}. Margins belong to classes. Use `certify` for squared "
            "losses."
        )
    margins = _margins(problem, params)
    issued = (_homogeneous(problem, params, margins), _accuracy(problem, params, margins))
    # Of two that fail, the one about margins says more about what is missing.
    return issued if issued[0].holds else issued[::-1]


def _margins(problem: Problem, params: Params) -> Float[np.ndarray, "n k"]:
    """By how much the output of each sample's class exceeds the others; one column for signs."""
    outputs = np.asarray(problem.predict(params), np.float64)
    y = np.asarray(problem.y, np.float64).reshape(outputs.shape)
    if y.shape[1] == 1:
        return y * outputs
    own = np.sum(y * outputs, axis=1, keepdims=True)
    return np.where(y > 0.5, np.inf, own - outputs)


def _accuracy(problem: Problem, params: Params, margins: np.ndarray) -> Certificate:
    smallest = float(np.min(margins))
    wrong = int(np.sum(np.min(margins, axis=1) <= 0.0))
    note = "" if wrong == 0 else f"{wrong} of {len(margins)} samples are not classified correctly. "
    certificate = Certificate(
        name="accuracy",
        statement=(
            f"The saved weights classify all {len(margins)} samples correctly, by a margin of at "
            f"least {number(smallest)} in the outputs."
            if smallest > 0.0
            else "Not shown: the saved weights classify all samples correctly."
        ),
        theorem=f"Margins ({PAGE})",
        checks=(Check("smallest margin", smallest, 0.0, Sense.GREATER),),
        quantities={"smallest_margin": smallest},
        note=f"{note}Scope: these weights and these samples, not new ones; {FLOAT}",
    )
    return _with_document(certificate, problem, params)


def _homogeneous(problem: Problem, params: Params, margins: np.ndarray) -> Certificate:
    finite = np.where(np.isinf(margins), np.inf, -margins)
    losses = np.log1p(np.sum(np.where(np.isinf(finite), 0.0, np.exp(finite)), axis=1))
    total = float(np.sum(losses))
    degree = scale = math.nan
    try:
        document, _ = portable(problem, params, {"kind": "homogeneous"})
        obstacle = _obstacle(document["network"])
        degree = float(sum(layer.get("trained", False) for layer in document["network"]["layers"]))
        scale = float.fromhex(document["loss"]["scale"])
    except Unportable as reason:
        obstacle = str(reason)
    claim = "every gradient flow from the saved weights drives the cross-entropy to zero"
    checks = (
        Check.from_flag(
            "homogeneous in the trained weights",
            not obstacle,
            note=obstacle or "no biases, and activations that scale with their input",
        ),
        Check("sum of the losses", total, math.log(2.0), Sense.LESS),
    )
    holds = all(check.holds for check in checks)
    certificate = Certificate(
        name="homogeneous",
        statement=f"{claim[:1].upper()}{claim[1:]}." if holds else f"Not shown: {claim}.",
        theorem=f"Lyu, Li (2020), sum of the losses below ln 2 ({PAGE})",
        checks=checks,
        quantities={"loss_sum": total, "degree": degree, "loss_scale": scale},
        note=(
            ("" if checks[1].holds else "Train on until the sum of the losses is below ln 2. ")
            + f"Scope: gradient flow, not descent with steps; {FLOAT}"
        ),
    )
    return _with_document(certificate, problem, params)


def _obstacle(network: dict[str, Any]) -> str:
    """Why a network is not homogeneous in its trained weights; empty if it is."""
    if network["offset"] is not None:
        return "the output at the start is subtracted"
    behind = False
    for layer in network["layers"]:
        if "weights" not in layer or not (behind or layer["trained"]):
            continue
        if layer["type"] == "equilibrium":
            return "an equilibrium"
        if layer["activation"]["name"] not in _PIECEWISE_LINEAR:
            return f"the activation {layer['activation']['name']}"
        bias = layer["bias"]
        if bias is not None and (behind or not bias["trained"]):
            return "biases"
        skips = float.fromhex(layer["skip_in"]), float.fromhex(layer["skip_out"])
        if layer["trained"] and any(skips):
            return "a skip connection around trained weights"
        behind = behind or layer["trained"]
    return ""


def _with_document(certificate: Certificate, problem: Problem, params: Params) -> Certificate:
    if not certificate.holds:
        return certificate
    try:
        document, arrays = portable(problem, params, {"kind": certificate.name})
    except Unportable as reason:
        note = f"{certificate.note} It has no form that the checker reads: {reason}."
        return dataclasses.replace(certificate, note=note)
    return dataclasses.replace(certificate, document=document, witness=arrays)
