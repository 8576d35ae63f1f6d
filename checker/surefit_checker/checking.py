"""From a folder to a verdict."""

import pathlib

import numpy as np
from flint import ctx

from surefit_checker.ball import Ball
from surefit_checker.network import Network
from surefit_checker.reading import read
from surefit_checker.statements import equilibria, inexact, initialisation, local, shadowing
from surefit_checker.statements.classes import accuracy, homogeneous
from surefit_checker.verdict import PROVED, UNDECIDED, Chain, EndedError, Verdict, demand
from surefit_checker.wide import Wide

DOUBLE, SCALAR = 53, 96  # bits of arrays and of activations and scalars
# A bound missed by less than this part may hold in a higher precision.
NEAR, NEARER = 1e-9, 1e-12
# What proves a statement, by its kind: a function of the problem and the chain that verifies
# inequalities, leaves its numbers in the chain and returns the sentence proved.
PROOFS = {
    "flow": local.flow,
    "descent": local.descent,
    "stochastic": inexact.stochastic,
    "accuracy": accuracy,
    "homogeneous": homogeneous,
    "shadowing": shadowing.prove,
    "initialisation": initialisation.prove,
    "floor": inexact.floor,
    "equilibria": equilibria.prove,
}


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
            network = Network(folder, Ball if bits <= DOUBLE else Wide)
            rest = sorted(folder.unused)
            demand(not rest, f"the network does not use the arrays {rest}")
            problem = local.Problem(folder.spec.statement, folder.spec.loss, network, folder)
            sentence = PROOFS[problem.statement.kind](problem, chain)
        chain.compare(folder.spec.claims)
        return Verdict(PROVED, sentence, "", tuple(chain.steps), chain.numbers)
    except (EndedError, np.linalg.LinAlgError, MemoryError) as error:
        verdict, reason = getattr(error, "verdict", UNDECIDED), str(error) or type(error).__name__
        return Verdict(verdict, "", reason, tuple(chain.steps), chain.numbers)
