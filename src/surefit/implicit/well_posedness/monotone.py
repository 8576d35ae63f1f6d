"""Well-posedness from monotone operators: the symmetric part of W decides."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.check import Check, Evidence, Sense
from surefit.core.precision import float64
from surefit.core.rounding import UNIT_ROUNDOFF, frobenius_norm_bound, up
from surefit.core.spectrum import symmetric_spectrum
from surefit.implicit.well_posedness.operator_norm import scaled
from surefit.implicit.well_posedness.pieces import slopes

__all__ = ["monotone_check"]

_PROBES = np.sinh(np.linspace(-6.0, 6.0, 4001))


@float64
def monotone_check(weights: Float[np.ndarray, "m m"], activation: Activation) -> Check:
    r"""$L_\phi\lambda_{\max}\big(\tfrac12(W + W^\top)\big) < 1$, for $0 \le \phi' \le L_\phi$.

    Such a $\phi/L_\phi$ is the proximal operator of a convex function, and $I - L_\phi W$ is
    strongly monotone: the equilibrium exists and is unique for every input. Picard iteration need
    not find it; operator splitting does. Weaker than $L_\phi\|W\|_2 < 1$, whatever the weights: for
    Gaussian ones $\sqrt2\gamma < 1$ instead of $2\gamma < 1$.

    For a rectifier the slopes are known exactly; of another activation $\phi' \ge 0$ is looked at
    in 4001 points, and the evidence is "sampled".

    Args:
        weights: $W$ as the state sees it, float64 and finite.
        activation: $\phi$.

    Raises:
        InvalidInputError: the weights are not float64, or not finite.

    Cost: all eigenvalues of an $m \times m$ matrix.

    References:
        Winston, Kolter (2020), Monotone operator equilibrium networks, Theorem 1 and section 3.
    """
    name = "L lambda_max((W + W^T)/2)"
    lipschitz = activation.lipschitz
    if not math.isfinite(lipschitz):
        note = f"{type(activation).__name__} has no Lipschitz constant"
        return Check.undecided(name, note)
    pieces = slopes(activation)
    lowest = (
        min(pieces)
        if pieces is not None
        else float(jnp.min(activation.derivative(jnp.asarray(_PROBES))))
    )
    if lowest < 0.0:
        note = (
            f"{type(activation).__name__} decreases somewhere (slope {lowest:.3g}); the condition "
            "speaks of nondecreasing activations"
        )
        return Check.undecided(name, note)
    symmetric = (weights + weights.T) / 2
    error = float(up(UNIT_ROUNDOFF * frobenius_norm_bound(symmetric)))
    largest = symmetric_spectrum(symmetric, error=error, eigenvectors=False).largest
    note = "below 1: one equilibrium for every input; sufficient and not necessary"
    check = scaled(largest, lipschitz).check(name, 1.0, Sense.LESS, note)
    if pieces is None:
        check = dataclasses.replace(check, evidence=Evidence.SAMPLED)
    return check
