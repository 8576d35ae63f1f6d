"""A certificate of existence, sample by sample."""

from __future__ import annotations

import math
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.check import Check, Evidence, Sense
from surefit.core.precision import float64
from surefit.implicit.well_posedness.linear_piece import linear_piece_distance
from surefit.implicit.well_posedness.monotone import monotone_check
from surefit.implicit.well_posedness.newton_kantorovich import newton_kantorovich_distance
from surefit.implicit.well_posedness.operator_norm import OPERATOR_NORM, operator_norm_check
from surefit.implicit.well_posedness.perron_frobenius import perron_frobenius_check
from surefit.implicit.well_posedness.pieces import slopes

__all__ = ["existence_check"]

NAME = "samples whose equilibrium is proved to exist"
_SHOWN = 10
# Some tens of seconds on two cores.
_FLOPS = 1e12


@float64
def existence_check(
    weights: Float[np.ndarray, "m m"],
    activation: Activation,
    x: Float[np.ndarray, "n m"],
    states: Float[np.ndarray, "n m"],
    *,
    sufficient: Sequence[Check] | None = None,
    flops: float = _FLOPS,
) -> Check:
    r"""How many samples have an equilibrium next to their computed state, with proof.

    Where a condition on the weights alone holds (operator norm, Perron-Frobenius, monotone), every
    sample has one. Otherwise each sample is proved by itself: for rectifiers by the linear piece
    in which the state lies (`linear_piece_distance`), for activations with a bounded second
    derivative by Newton-Kantorovich (`newton_kantorovich_distance`).

    The check holds if all samples are proved. It never fails: a certificate that is not found
    proves nothing, and the rows without one are named.

    Args:
        weights: $W$ as the state sees it, float64 and finite.
        activation: $\phi$.
        x: the input of every sample, as it reaches the equilibrium.
        states: $h$, approximately; from a solver.
        sufficient: the conditions on the weights, where they are known already.
        flops: operations after which no further sample is looked at.

    Raises:
        InvalidInputError: the weights are not float64, or not finite.

    Cost: that of the conditions; where they fail, $4s^3$ operations per sample, with $s$ the
    number of active features.
    """
    if sufficient is None:
        tests = (operator_norm_check, perron_frobenius_check, monotone_check)
        sufficient = [test(weights, activation) for test in tests]
    samples = len(x)
    found = next((check for check in sufficient if check.holds), None)
    if found is not None:
        return Check(
            NAME,
            float(samples),
            float(samples),
            Sense.AT_LEAST,
            evidence=found.evidence,
            note=f"{found.name} is below 1{_distance(weights, activation, x, states, found)}",
        )
    pieces = slopes(activation)
    if pieces is None and not math.isfinite(activation.smoothness):
        note = (
            f"no certificate is known for {type(activation).__name__}: it has a kink, and is not "
            "linear on either side of zero"
        )
        return _counted([], samples, range(samples), note)
    distances: dict[int, float | None] = {}
    for row in range(samples):
        size = (
            weights.shape[0]
            if pieces is None or 0.0 not in pieces
            else states[row].nonzero()[0].size
        )
        flops -= 4.0 * size**3
        if flops < 0.0:
            break
        distances[row] = (
            newton_kantorovich_distance(weights, activation, x[row], states[row])
            if pieces is None
            else linear_piece_distance(weights, pieces, x[row], states[row])
        )
    proved = [distance for distance in distances.values() if distance is not None]
    missing = [row for row in range(samples) if distances.get(row) is None]
    note = "" if len(distances) == samples else f"{samples - len(distances)} rows not looked at"
    return _counted(proved, samples, missing, note)


def _counted(proved: list[float], samples: int, missing: Sequence[int], note: str) -> Check:
    words = [note] if note else []
    if proved:
        words.append(f"at most {max(proved):.2g} from the computed states")
    if missing:
        more = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        words.append(
            f"not proved: rows {list(missing[:_SHOWN])}{more}; that is no proof of the opposite"
        )
    return Check(
        NAME,
        float(len(proved)),
        float(samples),
        Sense.AT_LEAST,
        # The true number lies between what is proved and all of them.
        error=float(samples - len(proved)),
        evidence=Evidence.FLOAT,
        note="; ".join(words),
    )


def _distance(
    weights: Float[np.ndarray, "m m"],
    activation: Activation,
    x: Float[np.ndarray, "n m"],
    states: Float[np.ndarray, "n m"],
    found: Check,
) -> str:
    """The bound of Banach on the error of the states, where the map is a contraction."""
    if found.name != OPERATOR_NORM:
        return ""
    image = np.asarray(activation(jnp.asarray(states @ weights.T + x)))
    gaps = np.linalg.norm(image - states, axis=1)
    error = float(np.max(gaps)) / (1.0 - found.value - found.error)
    return f"; at most {error:.2g} from the computed states"
