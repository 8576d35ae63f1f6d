"""From a folder to a verdict."""

from __future__ import annotations

import pathlib

import numpy as np
from flint import ctx

from surefit_checker.ball import Ball
from surefit_checker.chain import Chain
from surefit_checker.network import build
from surefit_checker.reading import Folder, read
from surefit_checker.schema import demand
from surefit_checker.statements import PROOFS
from surefit_checker.statements.local import Problem
from surefit_checker.verdict import PROVED, UNDECIDED, EndedError, RefusedError, Step, Verdict
from surefit_checker.wide import Wide

DOUBLE, SCALAR = 53, 96  # bits of arrays and of activations and scalars
# A bound missed by less than this part may hold in a higher precision.
NEAR, NEARER = 1e-9, 1e-12
# What a claim must not be below, or not above.
UPPER = ["residual_norm", "jacobian_norm", "lipschitz", "path_length", "shadow_radius"]
UPPER += ["loss_sum", "floor", "modulus"]
LOWER = ["sigma_min", "rate", "largest_step"]


def check(path: str | pathlib.Path, bits: int = 53) -> Verdict:
    """Check the certificate in a folder.

    Args:
        path: the folder.
        bits: 53 computes with balls of float64; more, with balls of that precision (small
            networks only, slow).
    """
    chain, sentence = Chain(NEAR if bits <= DOUBLE else NEARER), ""
    try:
        # What leaves the range of float64 is found where balls are made.
        with np.errstate(all="ignore"), ctx.workprec(max(bits, SCALAR)):
            folder = read(path)
            network = build(folder, Ball if bits <= DOUBLE else Wide)
            unused = sorted(set(folder.arrays) - folder.used)
            demand(not unused, f"the network does not use the arrays {unused}")
            statement = folder.spec.statement
            problem = Problem(statement, folder.spec.loss, network, folder)
            said = PROOFS[statement.kind](problem, chain)
        chain.require_finite()
        _compare_claims(folder, chain)
        verdict, sentence, reason = PROVED, said, ""
    except (EndedError, np.linalg.LinAlgError, MemoryError) as error:
        verdict, reason = getattr(error, "verdict", UNDECIDED), str(error) or type(error).__name__
    return Verdict(verdict, sentence, reason, tuple(chain.steps), chain.numbers)


def _compare_claims(folder: Folder, chain: Chain) -> None:
    for name, claimed in folder.spec.claims.items():
        known = name in chain.numbers and name in UPPER + LOWER
        demand(known, f"`claims` may not hold {name!r}, which this statement does not bound")
        proved, relation = chain.numbers[name], ">=" if name in UPPER else "<="
        chain.steps.append(Step(f"claimed {name}", claimed, relation, proved))
        if not (claimed >= proved if name in UPPER else claimed <= proved):
            raise RefusedError(f"{name} is claimed to be {claimed!r}, proved is only {proved!r}")
