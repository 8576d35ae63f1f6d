"""Well-posedness from the operator norm: the map is a contraction in the Euclidean norm."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.check import Check, Sense
from surefit.core.rounding import down, up
from surefit.core.spectrum import Enclosure, matrix_norm

__all__ = ["OPERATOR_NORM", "operator_norm_check", "scaled"]

OPERATOR_NORM = "L ||W||"


def scaled(enclosure: Enclosure, factor: float) -> Enclosure:
    """The enclosure of `factor` times the number, for a positive factor, rounded outward."""
    return Enclosure(
        float(down(factor * enclosure.lower)),
        factor * enclosure.value,
        float(up(factor * enclosure.upper)),
        enclosure.evidence,
        enclosure.failure_probability,
    )


def operator_norm_check(weights: Float[np.ndarray, "m m"], activation: Activation) -> Check:
    r"""$L_\phi\|W\|_2 < 1$: then $h \mapsto \phi(Wh + x)$ is a contraction for every $x$.

    The equilibrium exists and is unique for every input (Banach), and Picard iteration finds it
    from everywhere. Sufficient and not necessary.

    Args:
        weights: $W$ as the state sees it, float64 and finite.
        activation: $\phi$.

    Raises:
        InvalidInputError: the weights are not float64, or not finite.

    Cost: see `surefit.core.spectrum.matrix_norm`; about $20m^3$ operations.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), Lemma 2.2.
    """
    if not math.isfinite(activation.lipschitz):
        note = f"{type(activation).__name__} has no Lipschitz constant"
        return Check(OPERATOR_NORM, math.inf, 1.0, Sense.LESS, note=note)
    note = "below 1: one equilibrium for every input; sufficient and not necessary"
    return scaled(matrix_norm(weights), activation.lipschitz).check(
        OPERATOR_NORM, 1.0, Sense.LESS, note
    )
