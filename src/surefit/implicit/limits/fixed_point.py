r"""Fixed points of Gaussian covariances: $\Sigma = \gamma^2 E[\phi(u)\phi(v)] + \Sigma_0$.

Where the arguments are concrete, plain loops run until every entry has converged, and the duals
choose their number of terms. Where they are traced, the same steps run inside the program, and
what has not converged is NaN.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations import Activation
from surefit.activations.angle import root

__all__ = ["covariance_fixed_point", "is_traced", "variance_fixed_point"]

MOST = 200
CLOSE = 64  # in units of the machine epsilon; one Newton step follows

Entries = Float[Array, "..."]


def is_traced(*arrays: Array) -> bool:
    """Whether some values are not known yet."""
    try:
        for array in arrays:
            np.asarray(array)
    except jax.errors.TracerArrayConversionError:
        return True
    return False


def variance_fixed_point(
    activation: Activation, gain: float, injected: Float[Array, " n"]
) -> Float[Array, " n"]:
    r"""$s = \gamma^2E[\phi(\sqrt s\,g)^2] + s_0$, started from $s_0$; NaN where none is reached.

    The secant method where it points upwards of the injected variance, else plain iteration, so
    that the variances grow as those of the layers of an unrolled network do.

    Args:
        activation: $\phi$.
        gain: $\gamma$.
        injected: $s_0$ per sample.

    Cost: about 6 duals of the batch.
    """
    fixed = jax.lax.stop_gradient(injected)
    eps = float(jnp.finfo(injected.dtype).eps)

    def excess(s: Entries, start: Entries) -> Entries:
        return gain**2 * activation.dual(s, s, s) + start - s

    def step(state: tuple) -> tuple:
        s, f, s0, f0, _ = state
        ratio = (f - f0) / jnp.where(s == s0, 1.0, s - s0)
        falling = (s != s0) & (ratio < 0)
        secant = s - f / jnp.where(falling, ratio, 1.0)
        new = jnp.where(falling & (secant >= fixed), secant, s + f)
        new = jnp.where(jnp.abs(f) <= CLOSE * eps * s, s, new)
        f_new = excess(new, fixed)
        return new, f_new, s, f, jnp.abs(f_new) > CLOSE * eps * new

    f = excess(fixed, fixed)
    state = fixed, f, fixed, f, jnp.abs(f) > CLOSE * eps * fixed
    s, f, *_, open_ = _repeat(step, state)
    if is_traced(injected):
        # One step of Newton's method carries the derivative of the fixed point.
        slope = jax.jvp(lambda v: excess(v, fixed), (s,), (jnp.ones_like(s),))[1]
        s = s - excess(jax.lax.stop_gradient(s), injected) / jax.lax.stop_gradient(slope)
    return jnp.where(open_ | ~jnp.isfinite(f), jnp.nan, s)


def covariance_fixed_point(
    activation: Activation,
    gain: float,
    injected: Float[Array, "n1 n2"],
    variance1: Float[Array, "_ 1"],
    variance2: Float[Array, "1 _"],
) -> Float[Array, "n1 n2"]:
    r"""$c = \gamma^2E[\phi(u)\phi(v)] + c_0$ at given variances; NaN where none is reached.

    Newton's method is free: by Price's theorem the derivative is $\gamma^2E[\phi'\phi']$. Where
    $\gamma^2E\phi'^2 < 1$ for both variances it is below 1 in size (Cauchy-Schwarz), so that the
    root is unique, and a bracket that steps may not leave makes the method converge.

    Args:
        activation: $\phi$.
        gain: $\gamma$.
        injected: $c_0$.
        variance1: at the fixed point, of the first batch; broadcasts.
        variance2: at the fixed point, of the second batch; broadcasts.

    Cost: about 6 duals and 6 duals of the derivative of the whole matrix.
    """
    eps = float(jnp.finfo(injected.dtype).eps)
    s, t, start = map(jax.lax.stop_gradient, (variance1, variance2, injected))
    most = root(s * t)

    def residual(c: Entries, v1: Entries, v2: Entries, c0: Entries) -> Entries:
        return gain**2 * activation.dual(c, v1, v2) + c0 - c

    def newton(c: Entries, f: Entries) -> Entries:
        return c + f / (1.0 - gain**2 * activation.derivative_dual(c, s, t))

    def step(state: tuple) -> tuple:
        c, f, low, high, _ = state
        low, high = jnp.where(f > 0, c, low), jnp.where(f < 0, c, high)
        new = newton(c, f)
        new = jnp.where((new > low) & (new < high), new, (low + high) / 2)
        new = jnp.where(jnp.abs(f) <= CLOSE * eps * most, c, new)
        f_new = residual(new, s, t, start)
        return new, f_new, low, high, jnp.abs(f_new) > CLOSE * eps * most

    c = jnp.clip(start, -most, most)
    f = residual(c, s, t, start)
    # Wider than Cauchy-Schwarz, so that rounding at correlation 1 does not cut off Newton's steps.
    state = c, f, -1.1 * most, 1.1 * most, jnp.abs(f) > CLOSE * eps * most
    c, f, *_, open_ = _repeat(step, state)
    slope = 1.0 - gain**2 * activation.derivative_dual(c, s, t)
    if is_traced(variance1, variance2, injected):
        f = residual(jax.lax.stop_gradient(c), variance1, variance2, injected)
    c = jnp.clip(c + f / jax.lax.stop_gradient(slope), -most, most)
    return jnp.where(open_ | ~jnp.isfinite(f), jnp.nan, c)


def _repeat(step: Callable[[tuple], tuple], state: tuple) -> tuple:
    """Apply a step until the last component of the state is False everywhere, or `MOST` times."""
    if not is_traced(*state):
        for _ in range(MOST):
            if not np.any(np.asarray(state[-1])):
                break
            state = step(state)
        return state

    def more(carry: tuple) -> Any:
        count, inner = carry
        return (count < MOST) & jnp.any(inner[-1])

    return jax.lax.while_loop(more, lambda carry: (carry[0] + 1, step(carry[1])), (0, state))[1]
