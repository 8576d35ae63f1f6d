"""From a folder to a verdict."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy as np
from flint import ctx

from surefit_checker.ball import Ball
from surefit_checker.chain import Chain
from surefit_checker.network import build
from surefit_checker.reading import Folder, demand, one_of, positive, read, real, record, text
from surefit_checker.statements import STATEMENTS
from surefit_checker.statements.local import Problem
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
            sentence = _prove(folder, bits, chain)
        if not np.isfinite(list(chain.numbers.values())).all():
            raise UndecidedError("numbers outside the range of float64 appear")
        _compare_claims(folder.spec.claims, chain)
        return Verdict(PROVED, sentence, "", tuple(chain.steps), chain.numbers)
    except InvalidError as error:
        verdict, reason = INVALID, str(error)
    except RefusedError as error:
        verdict, reason = REFUSED, str(error)
    except (UndecidedError, np.linalg.LinAlgError, MemoryError) as error:
        verdict, reason = UNDECIDED, str(error) or type(error).__name__
    return Verdict(verdict, "", reason, tuple(chain.steps), chain.numbers)


def _prove(folder: Folder, bits: int, chain: Chain) -> str:
    losses = one_of("squared", "cross_entropy")
    loss = record(folder.spec.loss, "loss", kind=losses, scale=positive)
    given = folder.spec.statement
    kind = given.get("kind") if isinstance(given, dict) else None
    one_of(*STATEMENTS)(kind, "the kind of the statement")
    readers, prove = STATEMENTS[kind]
    statement = record(given, "statement", kind=text, **readers)
    network = build(folder, Ball if bits <= DOUBLE else Wide)
    unused = sorted(set(folder.arrays) - folder.used)
    demand(not unused, f"the network does not use the arrays {unused}")
    return prove(Problem(statement, loss.kind, loss.scale, network, folder), chain)


def _compare_claims(claims: Any, chain: Chain) -> None:
    allowed = sorted(set(CLAIMS) & set(chain.numbers))
    fits = isinstance(claims, dict) and set(claims) <= set(allowed)
    demand(fits, f"`claims` may hold {allowed}")
    for name, value in claims.items():
        claimed, proved, sign = real(value, name), chain.numbers[name], CLAIMS[name]
        chain.steps.append(Step(f"claimed {name}", claimed, ">=" if sign > 0 else "<=", proved))
        if not sign * claimed >= sign * proved:
            raise RefusedError(f"{name} is claimed to be {claimed!r}, proved is only {proved!r}")
