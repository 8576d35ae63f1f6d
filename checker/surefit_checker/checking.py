"""From a folder to a verdict."""

from __future__ import annotations

import pathlib

import numpy as np
from flint import ctx

from surefit_checker.ball import Ball
from surefit_checker.network import build
from surefit_checker.reading import Folder, fields, read, real, text
from surefit_checker.statements import STATEMENTS
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.verdict import (
    INVALID,
    PROVED,
    REFUSED,
    UNDECIDED,
    InvalidError,
    RefusedError,
    Step,
    UndecidedError,
    Verdict,
)
from surefit_checker.wide import Wide

DOUBLE, SCALAR = 53, 96  # bits of arrays and of activations and scalars
# A bound missed by less than this part may hold in a higher precision.
NEAR, NEARER = 1e-9, 1e-12
LOSSES = ("squared", "cross_entropy")
# Whether a claim must not be below (1) or not above (-1) what is proved.
CLAIMS = {
    "residual_norm": 1, "jacobian_norm": 1, "lipschitz": 1, "path_length": 1, "shadow_radius": 1,
    "loss_sum": 1,
    "sigma_min": -1, "rate": -1, "largest_step": -1,
}  # fmt: skip


def check(path: str | pathlib.Path, bits: int = 53) -> Verdict:
    """Check the certificate in a folder.

    Args:
        path: the folder.
        bits: 53 computes with balls of float64; more, with balls of that precision (small
            networks only, slow).
    """
    chain = Chain(NEAR if bits <= DOUBLE else NEARER)
    try:
        # What leaves the range of float64 is found where balls are made.
        with np.errstate(all="ignore"), ctx.workprec(max(bits, SCALAR)):
            folder = read(path)
            sentence, numbers = _prove(folder, bits, chain)
        if not np.isfinite(list(numbers.values())).all():
            raise UndecidedError("numbers outside the range of float64 appear")
        _compare_claims(folder, numbers, chain)
        return Verdict(PROVED, sentence, "", tuple(chain.steps), numbers)
    except InvalidError as error:
        verdict, reason = INVALID, str(error)
    except RefusedError as error:
        verdict, reason = REFUSED, str(error)
    except (UndecidedError, np.linalg.LinAlgError, MemoryError) as error:
        verdict, reason = UNDECIDED, str(error) or type(error).__name__
    return Verdict(verdict, "", reason, tuple(chain.steps), chain.numbers)


def _prove(folder: Folder, bits: int, chain: Chain) -> tuple[str, dict[str, float]]:
    spec = folder.spec
    loss = fields(spec["loss"], ["kind", "scale"], "loss")
    kind, scale = text(spec["statement"], "kind"), real(loss, "scale")
    if kind not in STATEMENTS:
        raise InvalidError(f"unknown statement {kind!r}")
    if loss["kind"] not in LOSSES or not scale > 0:
        raise InvalidError(f"the loss must be one of {LOSSES}, with a positive scale")
    network = build(folder, Ball if bits <= DOUBLE else Wide)
    unused = set(folder.arrays) - folder.used
    if unused:
        raise InvalidError(f"the network does not use the arrays {sorted(unused)}")
    return STATEMENTS[kind](Problem(spec["statement"], loss["kind"], scale, network, folder), chain)


def _compare_claims(folder: Folder, numbers: dict[str, float], chain: Chain) -> None:
    claims = folder.spec["claims"]
    if not isinstance(claims, dict) or not set(claims) <= set(CLAIMS) & set(numbers):
        raise InvalidError(f"`claims` may hold {sorted(set(CLAIMS) & set(numbers))}")
    for name in claims:
        claimed, proved, sign = real(claims, name), numbers[name], CLAIMS[name]
        chain.steps.append(Step(f"claimed {name}", claimed, ">=" if sign > 0 else "<=", proved))
        if not sign * claimed >= sign * proved:
            raise RefusedError(f"{name} is claimed to be {claimed!r}, proved is only {proved!r}")
