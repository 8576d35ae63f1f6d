"""The kernels of Ling et al. (2023) in the limit of infinite width."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations import Relu
from surefit.activations.arc_cosine import rectifier_dual, step_dual
from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.implicit.limits.fixed_point import covariance_fixed_point
from surefit.implicit.limits.unit_rows import unit_rows

__all__ = ["LingLimit", "ling_limit", "ling_recursion"]

Given = Float[Array, "n d"] | Float[np.ndarray, "n d"]
Matrix = Float[Array, "n n"] | Float[np.ndarray, "n n"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LingLimit:
    r"""Limits of the Gram matrices of $\hat y = a^\top z$, $z = \sigma(Wz + Ux)$.

    Args:
        K: $\lim ZZ^\top/m$, (14) of the paper.
        cosine: $\cos\theta_{ij}$ of the pre-activations.
        S: $(\pi - \theta)/(2\pi)$, the probability that a unit is active for both samples.
        lambda_star: the smallest eigenvalue of $K$, $\lambda_*$ in Theorem 2.
        inputs: $XX^\top$, which the limit at a width needs.
        sigma_w_squared: $\sigma_w^2$.
    """

    K: Matrix
    cosine: Matrix
    S: Matrix
    lambda_star: Float[Array, ""] | Float[np.ndarray, ""]
    inputs: Matrix
    sigma_w_squared: float = dataclasses.field(metadata={"static": True})

    def H(self, width: int) -> Matrix:
        r"""$mK + \frac{S}{1 - 2\sigma_w^2S}\circ(mK + XX^\top)$, the tangent kernel at width m.

        The parts of the output, implicit and input weights; the parameterisation does not
        divide by the width.
        """
        grown = width * self.K
        return grown + self.S / (1.0 - 2 * self.sigma_w_squared * self.S) * (grown + self.inputs)


@float64
def ling_limit(x: Given, sigma_w_squared: float) -> LingLimit:
    r"""Infinite-width limit of the implicit network of Ling et al. (2023), in float64.

    $K_{ij} = Q(\cos\theta_{ij})/(1-\sigma_w^2)$ with
    $\cos\theta = \sigma_w^2Q(\cos\theta) + (1-\sigma_w^2)x_i^\top x_j/d$ and
    $Q(c) = \frac1\pi(\sqrt{1-c^2} + (\pi - \arccos c)c)$.

    Args:
        x: samples as rows of norm $\sqrt d$ (Assumption 2 of the paper).
        sigma_w_squared: $\sigma_w^2$, the weights having variance $2\sigma_w^2/m$; below 1. The
            equilibria of finite width need it below 1/8.

    Cost: about 10 arc-cosine kernels and the eigenvalues of an $n\times n$ matrix.

    Raises:
        InvalidInputError: rows of another norm, or a variance outside (0, 1).

    References:
        Ling, Xie, Wang, Zhang, Lin (2023), Global convergence of over-parameterized deep
        equilibrium models, AISTATS, eq. (14).
    """
    rho = _correlations("ling_limit", x, sigma_w_squared)
    off = ~jnp.eye(rho.shape[0], dtype=bool)
    variance = jnp.full((1, 1), 1.0 / (1.0 - sigma_w_squared), rho.dtype)
    gain = (2 * sigma_w_squared) ** 0.5
    sigma = covariance_fixed_point(Relu(), gain, rho, variance, variance)
    sigma = jnp.where(off, sigma, variance)
    k = jnp.where(off, 2 * rectifier_dual(sigma, variance, variance), variance)
    return LingLimit(
        K=k,
        cosine=sigma / variance,
        S=jnp.where(off, step_dual(sigma, variance, variance), 0.5),
        lambda_star=jnp.linalg.eigvalsh(k)[0],
        inputs=rho * x.shape[1],
        sigma_w_squared=sigma_w_squared,
    )


@float64
def ling_recursion(
    x: Given, sigma_w_squared: float, layers: int
) -> Float[Array, "layers n n"] | Float[np.ndarray, "layers n n"]:
    r"""$K^{(1)}, \ldots, K^{(L)}$ of a network unrolled to L layers; they tend to `ling_limit`.

    $K^{(l)} = 2E[\sigma(u)\sigma(v)]$ for Gaussians with covariances
    $\sigma_w^2K^{(l-1)} + XX^\top/d$, from $K^{(0)} = 0$. The error falls like $\sigma_w^{2l}$.

    Args:
        x: samples as rows of norm $\sqrt d$.
        sigma_w_squared: $\sigma_w^2$.
        layers: $L$.

    Cost: one arc-cosine kernel per layer.

    Raises:
        InvalidInputError: rows of another norm, or a variance outside (0, 1).

    References:
        Ling et al. (2023), Definition 1.
    """
    rho = _correlations("ling_recursion", x, sigma_w_squared)
    off, k, found = ~jnp.eye(rho.shape[0], dtype=bool), jnp.zeros_like(rho), []
    for _ in range(layers):
        sigma = sigma_w_squared * k + rho
        variance = sigma[:1, :1]
        k = jnp.where(off, 2 * rectifier_dual(sigma, variance, variance), variance)
        found.append(k)
    return jnp.stack(found)


def _correlations(call: str, x: Given, sigma_w_squared: float) -> Float[Array, "n n"]:
    if not 0 < sigma_w_squared < 1:
        raise InvalidInputError(
            f"`{call}(sigma_w_squared=...)` must be above 0 and below 1. Got {sigma_w_squared}. "
            "From 1 on the variances grow from layer to layer without bound. The paper asks for "
            "less than 1/8, where equilibria of finite width exist too."
        )
    x = unit_rows(call, as_float64(x), norm=x.shape[1] ** 0.5)
    rho = x @ x.T / x.shape[1]
    return jnp.where(jnp.eye(rho.shape[0], dtype=bool), 1.0, rho)
