"""The outcome of a run in one sentence."""

from __future__ import annotations

from collections.abc import Sequence

from surefit.core.certificate import Certificate
from surefit.core.proof import ASIDE, Proof
from surefit.core.record import TheoremRecord
from surefit.core.trajectory import Status, Trajectory

__all__ = ["verdict"]

# Statements about other steps than exact ones on all samples.
_ASKED = {"stochastic": "the stochastic descent of this run", "floor": "descent in float64"}


def broken_promises(theorems: Sequence[TheoremRecord]) -> list[str]:
    """Titles of the theorems whose assumptions hold and whose promise the run did not keep.

    Such a run contradicts a proved statement: a defect of the software or of the theorem.
    """
    return [
        theorem.title
        for theorem in theorems
        if theorem.prediction.applies and any(check.holds is False for check in theorem.outcome)
    ]


def verdict(
    trajectory: Trajectory,
    certificates: Sequence[Certificate],
    theorems: Sequence[TheoremRecord],
    *,
    proofs: Sequence[Proof] = (),
    reached: str = "",
    without: str = "",
) -> tuple[str, bool | None]:
    """(sentence, holds) for a finished run.

    It holds if a certificate holds, the stand-alone checker does not object, and no promise of an
    applicable theorem was broken.

    Args:
        trajectory: the run.
        certificates: what was certified.
        theorems: the theorems and how the run compares with them.
        proofs: what the stand-alone checker said, strongest certificate first.
        reached: what the run was to reach besides a certificate, and did; empty: nothing.
        without: why no certificate was asked for; empty: it was, or the loss has none.
    """
    # What says nothing about training decides nothing, and is told at the end.
    aside = [proof.statement for proof in proofs if proof.proved and proof.certificate in ASIDE]
    certificates = [one for one in certificates if one.name not in ASIDE]
    proofs = [proof for proof in proofs if proof.certificate not in ASIDE]
    sentence, holds = _about_training(trajectory, certificates, theorems, proofs, reached, without)
    return " ".join([sentence, *(f"Proved too: {said}" for said in aside)]), holds


def _about_training(
    trajectory: Trajectory,
    certificates: Sequence[Certificate],
    theorems: Sequence[TheoremRecord],
    proofs: Sequence[Proof],
    reached: str,
    without: str,
) -> tuple[str, bool | None]:
    steps = f"{trajectory.steps:,.0f}".replace(",", " ")
    if trajectory.status is Status.DIVERGED:
        return f"Training diverged: {trajectory.message}", False
    broken = broken_promises(theorems)
    if broken:
        return (
            f"After {steps} steps the run contradicts a theorem whose assumptions hold here "
            f"({'; '.join(broken)}). That should not happen; please report this run.",
            False,
        )
    issued = [certificate for certificate in certificates if certificate.holds]
    if issued:
        first, more = issued[0], _left_out(certificates)
        if proofs:
            sentence, holds = _proved(steps, proofs, reached)
            return f"{sentence}{more}", holds
        return (
            f"Certified after {steps} steps (evidence: {first.evidence}). {first.statement}{more}",
            True,
        )
    losses = trajectory["loss"].values
    loss, first = float(losses[-1]), float(losses[0])
    share = f", {loss / first:.2g} of that at the start" if 0.0 < loss < first else ""
    missing = _missing(certificates[0]) if certificates else ""
    if not certificates:
        missing = without or "Certificates are about the squared loss; this run has another one."
    why = f" {missing}" if missing else ""
    found = f"after {steps} steps (training loss {loss:.3g}{share})"
    sentence = f"No certificate {found}.{why}"
    if reached:
        sentence = f"Training reached its goal {found}: {reached}. No certificate.{why}"
    # A goal that was reached is no failure, whatever is missing for a certificate.
    undecided = bool(certificates) and all(item.holds is None for item in certificates)
    return sentence, None if undecided or reached else False


def _missing(certificate: Certificate) -> str:
    """A certificate's note says what is missing, then the scope of its statement."""
    return certificate.note.partition("Scope:")[0].strip()


def _left_out(certificates: Sequence[Certificate]) -> str:
    """What to say of descent that was asked about, beside exact steps on all samples."""
    return "".join(
        f" Of {_ASKED[one.name]} nothing is certified. {_missing(one)}"
        for one in certificates
        if one.name in _ASKED and not one.holds
    )


def _proved(steps: str, proofs: Sequence[Proof], reached: str) -> tuple[str, bool | None]:
    """The verdict where the checker was asked."""
    told = f"Training reached its goal: {reached}. " if reached else ""
    accepted = [proof for proof in proofs if proof.proved]
    if not accepted:
        first = proofs[0]
        return (
            f"{told}Certified after {steps} steps in float64, but the checker says: "
            f"{first.verdict} ({first.reason}).",
            None,
        )
    sentences = [proof.statement for proof in accepted]
    sentences += [
        f"The checker does not prove the certificate {proof.certificate}: {proof.verdict} "
        f"({proof.reason})."
        for proof in proofs
        if not proof.proved
    ]
    return f"{told}Proved after {steps} steps. {' '.join(sentences)}", True
