r"""Duals of any scalar function by Mehler's formula, with an error bound.

For a centred Gaussian pair with variances $s$, $t$ and correlation $\rho$,
$$E[f(u)f(v)] = \sum_k c_k(s)\,c_k(t)\,\rho^k, \qquad c_k(s) = E[f(\sqrt s\,g)\,h_k(g)],$$
with $g$ standard Gaussian and $h_k$ the Hermite polynomials with $E h_k^2 = 1$. The coefficients
belong to single variances, so a kernel matrix needs one set of them per distinct variance.

The sum stops after finitely many terms. The last even and the last odd term carry the whole
second moment that is left, so that the diagonal, $\rho = \pm1$ with $s = t$, is exact whatever
the number of terms, and Gram matrices stay positive semidefinite.

References:
    Mehler (1866); Daniely, Frostig, Singer (2016), Toward deeper understanding of neural
    networks, section 4 (dual activations); Song et al. (2021), section 2 (coefficients c_i).
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations.expansion import Entries, aligned, expand
from surefit.activations.projection import project, refinement_for
from surefit.core.precision import float64
from surefit.errors import InvalidInputError

__all__ = ["HermiteCoefficients", "dual", "dual_error", "hermite_coefficients"]


@dataclasses.dataclass(frozen=True)
class HermiteCoefficients:
    r"""The first Hermite coefficients of $z \mapsto f(\sqrt s\,z)$.

    Args:
        normalised: $E[f(\sqrt s\,g)h_k(g)]$, $E h_k^2 = 1$; then $\sum_k c_k^2 = E f^2$.
        second_moment: $E f(\sqrt s\,g)^2$.
        tail: $\sum c_k^2$ over all further coefficients.
        error: bound on the error of every normalised coefficient.
    """

    normalised: Float[np.ndarray, " terms"]
    second_moment: float
    tail: float
    error: float

    @property
    def unnormalised(self) -> Float[np.ndarray, " terms"]:
        r"""$E[f(\sqrt s\,g)q_k(g)] = c_k\sqrt{k!}$ with $E q_k^2 = k!$, as the papers write it.

        Infinite from k = 301 on, where $\sqrt{k!}$ leaves the range of floats.
        """
        order = np.arange(self.normalised.size)
        with np.errstate(over="ignore", invalid="ignore"):
            factor = np.exp([math.lgamma(k + 1) / 2 if k < 301 else math.inf for k in order])
            return np.where(self.normalised == 0, 0.0, self.normalised * factor)


@float64
def hermite_coefficients(
    function: Callable, variance: float = 1.0, terms: int = 64
) -> HermiteCoefficients:
    r"""The first `terms` Hermite coefficients of a scalar function of a Gaussian.

    Args:
        function: $f$, elementwise on JAX arrays; an activation will do.
        variance: $s$ of the Gaussian argument.
        terms: how many.

    Raises:
        InvalidInputError: the variance is negative or not finite, or `terms` is not positive.

    Example:
        >>> import surefit as sf
        >>> from surefit.activations.hermite import hermite_coefficients
        >>> hermite_coefficients(sf.Gelu(), terms=3).unnormalised.round(6)
        array([0.282095, 0.5     , 0.423142])
    """
    if not (math.isfinite(variance) and variance >= 0):
        raise InvalidInputError(
            "`hermite_coefficients(variance=...)` must be finite and not negative. Got "
            f"{variance}. It is the variance of the Gaussian argument."
        )
    if terms < 1:
        raise InvalidInputError(
            f"`hermite_coefficients(terms=...)` must be at least 1. Got {terms}. The first "
            "coefficient is the mean of the function."
        )
    found = project(
        function, np.full(1, float(variance)), terms + terms % 2, refinement_for(variance)
    )
    interleaved = np.stack(found.coefficients, axis=1).reshape(-1)[:terms]
    second_moment = float(found.second_moment[0])
    halves = (terms + 1) // 2, terms // 2
    tail = sum(float(found.tails(parity)[halves[parity], 0]) for parity in (0, 1))
    rounding = 32 * np.finfo(np.float64).eps * math.sqrt(second_moment)
    spread = float(found.quadrature[0]) / math.sqrt(second_moment) if second_moment > 0 else 0.0
    return HermiteCoefficients(np.asarray(interleaved), second_moment, tail, spread + rounding)


def dual(
    function: Callable,
    covariance: Entries,
    variance1: Entries,
    variance2: Entries,
    terms: int | None = None,
) -> Entries:
    r"""$E[f(u)f(v)]$ for a centred Gaussian pair, for any scalar function.

    Args:
        function: $f$, elementwise on JAX arrays.
        covariance: $c = E uv$.
        variance1: $s = E u^2$; broadcasts against the others. Give it the shape of what varies,
            (n1, 1), and not of the whole matrix.
        variance2: $t = E v^2$.
        terms: how many terms of the series; None: as many as `dual_error` below 1e-14 of the
            second moments takes, at most 4096, and 512 where the arguments are traced.

    Cost: about 3 operations per term and pair, 1000 per term and distinct variance.
    """
    covariance, s, t = aligned(covariance, variance1, variance2)
    return expand(function, covariance, s, t, terms).value()


@float64
def dual_error(
    function: Callable,
    covariance: Any,
    variance1: Any,
    variance2: Any,
    terms: int | None = None,
) -> Float[Array, "..."] | Float[np.ndarray, "..."]:
    r"""Bound on the error of `dual` in float64, for the same arguments.

    Truncation after K terms: $2|\rho|^K\sqrt{T_s T_t}$ with the tails $T_s = \sum_{k \ge K}c_k^2$,
    by Cauchy-Schwarz; half of it where $s = t$, nothing where moreover $|\rho| = 1$. Rounding:
    first order in the machine epsilon. Quadrature: by comparison with twice the step, which is a
    bound for functions analytic in a strip, and the right order for functions with kinks.
    """
    covariance, s, t = aligned(
        *(jnp.asarray(a, jnp.float64) for a in (covariance, variance1, variance2))
    )
    return expand(function, covariance, s, t, terms).error()
