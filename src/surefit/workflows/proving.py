"""Asking the stand-alone checker about a certificate."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from surefit.certificates import floor, stochastic
from surefit.core.certificate import Certificate
from surefit.core.proof import Proof, ProofStep

__all__ = ["answers", "prove", "verify"]

# The checker's curvature bound may be looser than the one that the certificate was issued with.
_ATTEMPTS = 3
_ROOM = 1.02


def answers(certificates: Sequence[Certificate], folder: Path) -> tuple[Proof, ...]:
    """Write the strongest certificate into a folder and have it checked; then weaker ones.

    The next one is tried where one is not proved, until one is. The radius is a proposal (for
    stochastic descent the growth and the probability too, for float64 the steps and their error):
    if the checker's own numbers allow others only, the certificate is written again with those.

    Args:
        certificates: strongest first.
        folder: is made if absent; holds afterwards the one that was proved, or the strongest.

    Returns:
        What the checker says about each that was tried, strongest first; nothing where no
        certificate holds or none has a form for the checker. An answer without a folder is about a
        certificate that is not kept.
    """
    ready = [one for one in certificates if one.holds and one.document is not None]
    found = []
    for certificate in ready:
        last, proof = _asked(certificate, folder)
        found.append((last, proof))
        if proof.proved:
            replaced = (dataclasses.replace(one, folder="") for _, one in found[:-1])
            return (*replaced, proof)
    if len(found) > 1:
        found[0][0].save(folder)
        found[1:] = [(last, dataclasses.replace(one, folder="")) for last, one in found[1:]]
    return tuple(proof for _, proof in found)


def prove(certificates: Sequence[Certificate], folder: Path) -> Proof | None:
    """The decisive one of `answers`: the proof, or what is said about the strongest certificate."""
    found = answers(certificates, folder)
    return next((proof for proof in found if proof.proved), found[0] if found else None)


def _asked(certificate: Certificate, folder: Path) -> tuple[Certificate, Proof]:
    """The certificate as it was written last, and the checker's answer."""
    for _ in range(_ATTEMPTS):
        certificate.save(folder)
        proof = dataclasses.replace(
            verify(folder), certificate=certificate.name, folder=folder.name
        )
        other = None if proof.proved else _other_proposal(certificate, proof)
        if other is None:
            break
        certificate = other
    return certificate, proof


def _other_proposal(certificate: Certificate, proof: Proof) -> Certificate | None:
    """The certificate with the proposals that the checker's bounds lead to, if there are any."""
    document = certificate.document
    if document is None:
        return None
    kind = document["statement"]["kind"]
    if kind == "stochastic":
        statement = stochastic.restated(document, certificate.quantities, proof.numbers)
    elif kind == "floor":
        statement = floor.restated(document, proof.numbers)
    elif kind in ("descent", "flow"):
        statement = _other_radius(document["statement"], proof)
    else:
        statement = None
    if statement is None:
        return None
    return dataclasses.replace(certificate, document={**document, "statement": statement})


def _other_radius(written: dict[str, Any], proof: Proof) -> dict[str, Any] | None:
    names = ("residual_norm", "sigma_min", "lipschitz")
    if not all(name in proof.numbers for name in names):
        return None
    r, sigma, curvature = (proof.numbers[name] for name in names)
    room = sigma**2 - 2.0 * curvature * r
    if not (sigma > 0.0 and room > 0.0):
        return None
    rho = _ROOM * 2.0 * r / (sigma + room**0.5)
    return None if float.fromhex(written["rho"]) == rho else {**written, "rho": rho.hex()}


def verify(folder: Path | str) -> Proof:
    """What the stand-alone checker says about a certificate's folder.

    It runs in a process of its own, from the files alone; see docs/certificate-format.md.

    Args:
        folder: as `Certificate.save` writes it.

    Returns:
        Its answer; `verdict` is `proved`, `refused`, `cannot decide` or `invalid`.

    Cost:
        Seconds for a thousand residuals: a tangent kernel, Cholesky factorisations, curvature.
    """
    start = time.perf_counter()
    answer = subprocess.run(
        [sys.executable, "-m", "surefit_checker", "--json", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    try:
        said = json.loads(answer.stdout)
    except json.JSONDecodeError:
        last = (answer.stderr.strip().splitlines() or ["no answer"])[-1]
        return Proof("invalid", reason=f"the checker ended early: {last}", seconds=seconds)
    return Proof(
        verdict=said["verdict"],
        statement=said["statement"],
        reason=said["reason"],
        steps=tuple(ProofStep(**step) for step in said["steps"]),
        numbers=said["numbers"],
        seconds=seconds,
    )
