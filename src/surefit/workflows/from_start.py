"""Proofs about the whole run, from the initial weights, as a part of the journey."""

from __future__ import annotations

from pathlib import Path

from surefit.certificates import certify_at_start
from surefit.certificates.initial import layers as initial
from surefit.certificates.portable import Unportable, described
from surefit.certificates.shadowing import ShadowProgress, shadow
from surefit.certificates.shadowing import layers as shadowing
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.precision import as_float64
from surefit.core.proof import Proof
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.workflows.listener import Listener
from surefit.workflows.proving import answers

__all__ = ["prove_from_start", "require_provable"]

FOLDER = "certificate_from_start"
_EVERY = 4000  # steps between two messages


def require_provable(problem: Problem, params: Params) -> None:
    """Refuse what the theorems about whole runs do not speak of, before anything is trained.

    Args:
        problem: network, loss and data.
        params: of the network.

    Raises:
        InvalidInputError: the network or the loss is another.
    """
    reason = _obstacle(problem, params)
    if reason:
        raise InvalidInputError(
            "`CertifySpec(from_start=...)` must go with a squared loss and a network of two dense "
            f"layers with one of the activations {', '.join(initial.SMOOTH)}. Got {reason}. "
            "Only of these is it known how the kernel and errors of rounding change. Leave "
            'from_start out, or write `network = "shallow"` and `activation = "gelu"`.'
        )


def _obstacle(problem: Problem, params: Params) -> str:
    if problem.loss.residual_scale(problem.samples) is None:
        return f"the loss {type(problem.loss).__name__}"
    try:
        document, _ = described(problem, as_float64(params))
    except Unportable as cause:
        return str(cause)
    layers = document["network"]["layers"]
    # Theorem 3 knows more activations, Theorem 4 more outputs and fixed output weights.
    return initial.obstacle(layers, problem.outputs) and shadowing.obstacle(layers)


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
    issued: tuple[Certificate, ...] = ()
    reason: InvalidInputError | None = None
    if problem.outputs == 1:
        listener.stage("A certificate before any training")
        try:
            issued = (certify_at_start(problem, params, step_size),)
        except InvalidInputError as cause:
            reason = cause
    if not any(one.holds for one in issued):
        listener.stage("Descent from the start, shadowed")
        try:
            issued = (_shadowed(problem, params, step_size, listener), *issued)
        except InvalidInputError as cause:
            reason = cause
    if not issued:
        listener.stage(f"No certificate from the start: {reason}")
        return (), ()
    listener.stage("The stand-alone checker looks at the certificate from the start")
    return issued, answers(issued, directory / FOLDER)


def _shadowed(
    problem: Problem, params: Params, step_size: float | None, listener: Listener
) -> Certificate:
    def told(now: ShadowProgress) -> None:
        if now.steps % _EVERY == 0:
            listener.stage(
                f"Shadowing, step {now.steps}: residual norm {now.residual:.3g} of "
                f"{now.goal:.3g}, distance {now.radius:.2g}"
            )

    return shadow(problem, params, step_size, progress=told)
