"""The limit of an equilibrium that is driven by Gaussian features."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from surefit.activations import Activation
from surefit.core.kernel import Kernel
from surefit.errors import InvalidInputError, NumericalError
from surefit.implicit.limits.fixed_point import (
    covariance_fixed_point,
    is_traced,
    variance_fixed_point,
)

__all__ = ["gaussian_injection"]


def gaussian_injection(k: Kernel, activation: Activation, gain: float, trained: bool) -> Kernel:
    r"""Covariances of $h = \phi(\gamma Wh/\sqrt m + x)$ for Gaussian features $x$.

    The pre-activation is Gaussian with covariances and tangent kernel
    $$\Sigma = \gamma^2E[\phi(u)\phi(v)] + \Sigma_x,\qquad \Theta =
    \frac{\Theta_x + \gamma^2E[\phi(u)\phi(v)]\,[\text{trained}]}{1 - \dot\Sigma},\qquad
    \dot\Sigma = \gamma^2E[\phi'(u)\phi'(v)],$$
    $(u, v) \sim N(0, \Sigma)$. The limit exists where $\dot\Sigma < 1$ for every sample with
    itself: then the covariances of two samples have one fixed point, and the tangent kernel is
    the sum of a geometric series.

    Args:
        k: the kernel of $x$, Gaussian.
        activation: $\phi$, any activation.
        gain: $\gamma$, the standard deviation of the entries of $W$.
        trained: whether $W$ moves.

    Returns:
        The kernel of $h$; its `behind` is the Gaussian kernel $(\Sigma, \Theta)$. Under a trace,
        rows and columns of samples without a limit are NaN.

    Cost: about 8 duals and 8 duals of the derivative of the whole matrix.

    Raises:
        InvalidInputError: features that are not Gaussian.
        NumericalError: the variances have no fixed point, or $\dot\Sigma \ge 1$ there.

    References:
        Feng, Kolter (2023), arXiv 2310.14062, and Gao et al. (2023), arXiv 2310.10767, for the
        limits of deep equilibrium models; Jacot, Gabriel, Hongler (2018), Theorem 1, for the
        recursion of one layer, whose fixed point this is.
    """
    if not k.gaussian:
        raise InvalidInputError(
            "`gaussian_injection(k=...)` must be given a Gaussian kernel. Got the kernel behind an "
            "activation or of the raw inputs. The sum of the injection and the Gaussian feedback "
            "is Gaussian only if the injection is. Put a `Dense` layer in front of the equilibrium."
        )
    solve = _solve_compiled if _has_closed_duals(activation) else _solve
    s, t, sigma, slope, failed1, failed2 = solve(k, activation, gain)
    if not is_traced(sigma, failed1, failed2):
        _require(activation, gain, failed1, failed2)
        if np.any(np.isnan(np.asarray(sigma))):
            raise NumericalError(
                "`gaussian_injection(k=...)` must reach the fixed point of the covariances. It "
                f"was not reached for {activation} at the gain {gain}. The kernel has "
                "correlations outside [-1, 1], or rounding spoils the duals. Check `k`."
            )
    # At the fixed point the difference is gamma^2 E[phi phi].
    own = sigma - k.nngp if trained else jnp.zeros_like(sigma)
    return activation.kernel(
        Kernel(
            nngp=sigma,
            ntk=(k.ntk + own) / (1.0 - slope),
            variance1=s,
            variance2=t,
            width=k.width,
            gaussian=True,
            symmetric=k.symmetric,
        )
    )


def _has_closed_duals(activation: Activation) -> bool:
    """Whether nothing is to be chosen from the values, so that one compiled program will do."""
    kind = type(activation)
    return (
        kind.dual is not Activation.dual and kind.derivative_dual is not Activation.derivative_dual
    )


def _solve(k: Kernel, activation: Activation, gain: float) -> tuple[Array, ...]:
    """Both variances, the covariances, their feedback; which samples have no limit."""
    s, own, failed1 = _variances(activation, gain, k.variance1)
    t, failed2 = s, failed1
    if not k.symmetric:
        t, _, failed2 = _variances(activation, gain, k.variance2)
    s, t = jnp.where(failed1, jnp.nan, s), jnp.where(failed2, jnp.nan, t)
    column, row = s[:, None], t[None, :]
    sigma = covariance_fixed_point(activation, gain, k.nngp, column, row)
    slope = gain**2 * activation.derivative_dual(sigma, column, row)
    if k.symmetric:
        diagonal = jnp.arange(s.shape[0])
        sigma = sigma.at[diagonal, diagonal].set(s)
        slope = slope.at[diagonal, diagonal].set(own)
    return s, t, sigma, slope, failed1, failed2


_solve_compiled = jax.jit(_solve, static_argnums=(1, 2))


def _variances(
    activation: Activation, gain: float, injected: Float[Array, " n"]
) -> tuple[Float[Array, " n"], Float[Array, " n"], Bool[Array, " n"]]:
    """The variances, the feedback of every sample with itself, and where there is no limit."""
    s = variance_fixed_point(activation, gain, injected)
    safe = jnp.where(jnp.isnan(s), injected, s)
    own = gain**2 * activation.derivative_dual(safe, safe, safe)
    return s, own, jnp.isnan(s) | ~(own < 1.0)


def _require(activation: Activation, gain: float, *failed: Bool[Array, " _"]) -> None:
    """Raise where a sample has no limit."""
    wrong = [np.flatnonzero(np.asarray(f)) for f in failed]
    if not any(w.size for w in wrong):
        return
    safe = ""
    if 0 < activation.lipschitz < math.inf:
        safe = f"; below {1 / activation.lipschitz:.4g}, 1 over the Lipschitz constant, it exists"
    first = next(w[0] for w in wrong if w.size)
    raise NumericalError(
        "`gaussian_injection(gain=...)` must give every sample a variance with gain^2 E[phi'^2] "
        f"below 1. Got {gain} for {activation}, and none for sample {first}. The feedback then "
        "grows from iteration to iteration, and neither the covariances nor the tangent kernel "
        f"have a limit. Write a smaller gain (the `weight_std` of the equilibrium){safe}."
    )
