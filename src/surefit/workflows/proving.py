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

from surefit.certificates.stochastic import restated
from surefit.core.certificate import Certificate
from surefit.core.proof import Proof, ProofStep

__all__ = ["prove", "verify"]

# The checker's curvature bound may be looser than the one that the certificate was issued with.
_ATTEMPTS = 3
_ROOM = 1.02


def prove(certificates: Sequence[Certificate], folder: Path) -> Proof | None:
    """Write the strongest certificate into a folder and have it checked.

    The radius is a proposal (for stochastic descent the growth and the probability too): if the
    checker's own numbers allow others only, the certificate is written again with those.

    Args:
        certificates: strongest first.
        folder: is made if absent; holds the certificate afterwards.

    Returns:
        The checker's answer; None where no certificate holds or none has a form for the checker.
    """
    ready = [one for one in certificates if one.holds and one.document is not None]
    if not ready:
        return None
    certificate = ready[0]
    for _ in range(_ATTEMPTS):
        certificate.save(folder)
        proof = dataclasses.replace(
            verify(folder), certificate=certificate.name, folder=folder.name
        )
        other = None if proof.proved else _other_proposal(certificate, proof)
        if other is None:
            break
        certificate = other
    return proof


def _other_proposal(certificate: Certificate, proof: Proof) -> Certificate | None:
    """The certificate with the proposals that the checker's bounds lead to, if there are any."""
    document = certificate.document
    if document is None:
        return None
    kind = document["statement"]["kind"]
    if kind == "stochastic":
        statement = restated(document, certificate.quantities, proof.numbers)
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
