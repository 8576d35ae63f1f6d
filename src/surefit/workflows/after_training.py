"""What is proved about a run whose training has ended: polishing, certificates, the checker."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from surefit.certificates import with_looseness
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.proof import Proof
from surefit.workflows.beside import prove_beside
from surefit.workflows.from_start import prove_from_start
from surefit.workflows.issuing import issue_certificates
from surefit.workflows.listener import Listener
from surefit.workflows.polished import Polished, polish_weights
from surefit.workflows.preparation import Bench
from surefit.workflows.proving import answers

__all__ = ["Proved", "prove_run"]


@dataclasses.dataclass(frozen=True)
class Proved:
    """Certificates of a run, and what the stand-alone checker says.

    Args:
        polished: the weights that they speak of.
        certificates: what was issued; nothing where training ended without weights to speak of.
        proofs: the checker's answers.
    """

    polished: Polished
    certificates: tuple[Certificate, ...] = ()
    proofs: tuple[Proof, ...] = ()


def prove_run(
    bench: Bench,
    trained: Params,
    step_size: float | None,
    batch_size: int | None,
    directory: Path,
    listener: Listener,
    after: str,
) -> Proved:
    """Polish the weights where that was asked for, issue all certificates and have them checked.

    Args:
        bench: the run.
        trained: the weights after training.
        step_size: that certificates speak of; None: each theorem chooses.
        batch_size: of stochastic steps; None: the run made no such steps.
        directory: of the run; every certificate becomes a folder of it.
        listener: hears of progress.
        after: how far training went, as `20 steps`.
    """
    spec, problem = bench.spec, bench.problem
    polished = Polished(trained)
    if spec.polish:
        polished = polish_weights(
            problem, trained, spec.seed, listener, stochastic=batch_size is not None
        )
    listener.stage(f"Certificates after {after}")
    certificates = polished.noted(
        issue_certificates(problem, polished.params, step_size, batch_size)
    )
    if certificates and certificates[0].holds and "lipschitz" in certificates[0].quantities:
        listener.stage("A search for curvature, which tells how loose its bound can be")
        strongest = with_looseness(certificates[0], problem, polished.params)
        certificates = (strongest, *certificates[1:])
    listener.stage("The stand-alone checker looks at the certificate")
    proofs = answers(certificates, directory / "certificate")
    more, said = prove_beside(
        problem, polished.params, step_size, directory, listener, floor=spec.floor
    )
    certificates, proofs = (*certificates, *polished.noted(more)), (*proofs, *said)
    if spec.from_start:
        more, said = prove_from_start(problem, bench.params, step_size, directory, listener)
        certificates, proofs = (*certificates, *more), (*proofs, *said)
    return Proved(polished, certificates, proofs)
