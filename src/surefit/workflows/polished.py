"""Polishing as a part of the journey: after training, before certificates."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.polishing import Polish, PolishStep, polish
from surefit.problem import Problem
from surefit.workflows.listener import Listener

__all__ = ["Polished", "polish_weights"]

# How small C is to be where stochastic descent is to be certified, and the residual norm relative
# to the targets at which that is given up.
_STOCHASTIC, _SMALLEST = 1e-5, 1e-13


@dataclasses.dataclass(frozen=True)
class Polished:
    """Weights for the certificates, and what polishing did to them.

    Args:
        params: polished, or as training left them.
        done: what polishing did; None: it was not asked for.
    """

    params: Params
    done: Polish | None = None

    def facts(self) -> dict[str, Any]:
        """Numbers for the record of the run."""
        if self.done is None:
            return {}
        return {
            "polishing_steps": self.done.steps[-1].number,
            "polishing_status": str(self.done.status),
            "polishing_residual_before": self.done.steps[0].residual,
            "polishing_residual_after": self.done.steps[-1].residual,
            "polishing_distance": self.done.distance,
            "polishing_relative_distance": self.done.relative_distance,
            "polishing_seconds": round(self.done.seconds, 3),
        }

    def told(self, sentence: str) -> str:
        """The verdict with what polishing did."""
        return sentence if self.done is None else f"{sentence} {self.done.message}"

    def noted(self, certificates: tuple[Certificate, ...]) -> tuple[Certificate, ...]:
        """Certificates that say that their weights were polished."""
        if self.done is None:
            return certificates
        told = f"The weights were polished after training: {self.done.message}"
        return tuple(
            dataclasses.replace(certificate, note=f"{certificate.note} {told}")
            for certificate in certificates
        )


def polish_weights(
    problem: Problem,
    params: Params,
    seed: int,
    listener: Listener,
    *,
    stochastic: bool = False,
) -> Polished:
    """Polish trained weights; a loss that is no square is left as it is.

    Args:
        problem: network, loss and data.
        params: trained weights.
        seed: of random perturbations.
        listener: hears of every step.
        stochastic: whether a certificate about stochastic descent is wanted: the probability that
            it fails is proportional to the residual, so that polishing goes on further.
    """
    if problem.loss.residual_scale(problem.samples) is None:
        return Polished(params)

    def told(step: PolishStep) -> None:
        listener.stage(
            f"Polishing, step {step.number}: residual norm {step.residual:.3g}, "
            f"C = {step.condition:.3g}"
        )

    further = {}
    if stochastic:
        size = float(np.linalg.norm(np.asarray(problem.y)))
        further = {"condition": _STOCHASTIC, "residual_norm": _SMALLEST * size}
    return Polished(*polish(problem, params, seed=seed, progress=told, **further))
