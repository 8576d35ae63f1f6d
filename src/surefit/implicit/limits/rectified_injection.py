"""The limit of an equilibrium behind a rectifier: the implicit networks of Gao et al. (2022)."""

from __future__ import annotations

import jax.numpy as jnp

from surefit.activations import Activation, Relu
from surefit.core.kernel import Kernel
from surefit.errors import InvalidInputError
from surefit.implicit.limits.rectified_pair import diagonal
from surefit.implicit.limits.rectified_table import rectified_moments

__all__ = ["rectified_injection"]


def rectified_injection(k: Kernel, activation: Activation, gain: float, trained: bool) -> Kernel:
    r"""Covariances of $h = \sigma(\gamma Wh/\sqrt m + \sigma(a))$, $\sigma$ = ReLU, $a$ Gaussian.

    The pre-activation is a Gaussian plus a *rectified* Gaussian, so that the recursion of the
    arc-cosine kernel does not apply. With $K, S, T$ as in `rectified_moments` and $\Theta_a$ the
    tangent kernel of $a$, the tangent kernel is
    $$\Theta = \frac{\gamma^2 S\circ K\,[\text{trained}] + T\circ\Theta_a}{1 - \gamma^2 S}.$$

    Args:
        k: the kernel behind a rectifier that acted on Gaussian features, `k.behind`.
        activation: of the equilibrium; a `Relu`.
        gain: $\gamma$, the standard deviation of the entries of $W$.
        trained: whether $W$ moves.

    Returns:
        The kernel of $h$, which is not Gaussian.

    Cost: about 300 operations per entry, and 0.2 s once for each gain.

    Raises:
        InvalidInputError: other activations than two rectifiers, or features that do not come
            from one activation of Gaussian features.
        NumericalError: $\gamma \ge \sqrt2$: the variances grow without bound.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), arXiv 2110.05645, eqs. (1)-(3) and (14)-(16) for the
        model and its Gram matrices; the paper states no limit of them.
    """
    if k.behind is None:
        raise InvalidInputError(
            "`rectified_injection(k=...)` must be a kernel right behind an activation of Gaussian "
            "features. Got one whose source is not known. The law of the sum of the injection and "
            "the Gaussian feedback then is not known either. Put the equilibrium behind `Dense`, "
            "or behind `Dense` and `Relu`."
        )
    before = k.behind.activation
    if not (isinstance(before, Relu) and isinstance(activation, Relu)):
        raise InvalidInputError(
            "`rectified_injection(k=..., activation=...)` must be given two rectifiers. Got "
            f"{before} in front of an equilibrium of {activation}. It needs "
            "$E[f(u + p(a)) f(u' + p(a'))]$ for the Gaussian feedback u and the injection p(a), "
            "which is known for p = f = ReLU only. Use `Relu` for both, or end the layers in "
            "front of the equilibrium with `Dense`."
        )
    source = k.behind.kernel
    s, t = source.variance1, source.variance2
    q, slope_own, both_own = diagonal(gain)
    nngp, slope, both = rectified_moments(gain, source.nngp, s[:, None], t[None, :])
    if k.symmetric:
        # As in `Activation.kernel`: the angle between a row and itself is 0, not 0 up to rounding.
        diagonals = jnp.arange(s.shape[0])
        nngp = nngp.at[diagonals, diagonals].set(q * s)
        slope = slope.at[diagonals, diagonals].set(slope_own)
        both = both.at[diagonals, diagonals].set(both_own)
    own = gain**2 * slope * nngp if trained else jnp.zeros_like(nngp)
    return Kernel(
        nngp=nngp,
        ntk=(own + both * source.ntk) / (1.0 - gain**2 * slope),
        variance1=q * s,
        variance2=q * t,
        width=k.width,
        gaussian=False,
        symmetric=k.symmetric,
    )
