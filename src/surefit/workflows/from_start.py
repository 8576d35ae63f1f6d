"""Proofs about the whole run, from the initial weights, as a part of the journey."""

from __future__ import annotations

from pathlib import Path

from surefit.certificates import certify_at_start
from surefit.certificates.shadowing import ShadowProgress, shadow
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.proof import Proof
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.workflows.listener import Listener
from surefit.workflows.proving import answers

__all__ = ["prove_from_start"]

FOLDER = "certificate_from_start"
_EVERY = 4000  # steps between two messages


def prove_from_start(
    problem: Problem,
    params: Params,
    step_size: float | None,
    directory: Path,
    listener: Listener,
) -> tuple[tuple[Certificate, ...], tuple[Proof, ...]]:
    """Certificates that exact descent from the initial weights converges, and the checker's answer.

    Wide networks get one before any training (Theorem 3); if that does not hold, descent is run
    and shadowed (Theorem 4).

    Args:
        problem: network, loss and data.
        params: the initial weights.
        step_size: of the run; None: one that the theorems allow.
        directory: of the run; the certificate becomes a folder of it.
        listener: hears of progress.

    Returns:
        What was issued, the one that holds first, and what the checker says; nothing where the
        theorems do not speak of the network.
    """
    try:
        return _prove(problem, params, step_size, directory, listener)
    except InvalidInputError as reason:
        listener.stage(f"No certificate from the start: {reason}")
        return (), ()


def _prove(
    problem: Problem, params: Params, step_size: float | None, directory: Path, listener: Listener
) -> tuple[tuple[Certificate, ...], tuple[Proof, ...]]:
    issued: tuple[Certificate, ...] = ()
    if problem.outputs == 1:
        listener.stage("A certificate before any training")
        issued = (certify_at_start(problem, params, step_size),)
    if not any(one.holds for one in issued):
        listener.stage("Descent from the start, shadowed")

        def told(now: ShadowProgress) -> None:
            if now.steps % _EVERY == 0:
                listener.stage(
                    f"Shadowing, step {now.steps}: residual norm {now.residual:.3g} of "
                    f"{now.goal:.3g}, distance {now.radius:.2g}"
                )

        issued = (shadow(problem, params, step_size, progress=told), *issued)
    listener.stage("The stand-alone checker looks at the certificate from the start")
    return issued, answers(issued, directory / FOLDER)
