r"""Covariances and tangent kernels of attention over infinitely many features and heads.

With $z_p = \sum_q \zeta(G_{pq})\,v_q$ per head, weights and values are independent, the values have
covariances $\Sigma_{qq'}$ and tangent kernel $\Theta_{qq'}$ of what flows in, and logits
$G_{pq} = \sigma_g d^{-1/2}\langle Q_p, K_q\rangle$ have

$$C_{pq,p'q'} = \sigma_g^2\Sigma_{pp'}\Sigma_{qq'}, \qquad
T_{pq,p'q'} = 2C + \sigma_g^2(\Theta_{pp'}\Sigma_{qq'} + \Sigma_{pp'}\Theta_{qq'}),$$

the covariance and the tangent kernel of a product of independent queries and keys: $C$ for each of
their two matrices, and the product rule for what lies before. With the duals
$S = E[\zeta\zeta']$ and $D = E[\dot\zeta\dot\zeta']$ of Gaussian logits of covariance $C$,

$$\Sigma^+_{pp'} = \sum_{qq'}S\,\Sigma_{qq'}, \qquad
\Theta^+_{pp'} = 2\Sigma^+_{pp'} + \sum_{qq'}(S\,\Theta_{qq'} + D\,T\,\Sigma_{qq'}),$$

where $2\Sigma^+$ belongs to the matrices of the values and of the output. With scaling $1/d$ logits
are $\sigma_g\Sigma_{pq}$ and do not move: how an average over infinitely many features depends on
a weight is of the order of 1 over their number. Then $D\,T$ is not there.

All functions leave out $\sigma_w^2$ and return the covariances, the tangent kernel, and the
variances of both batches.

References:
    Hron, Bahri, Sohl-Dickstein, Novak (2020), arXiv 2006.10540, Theorems 1, 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations import Activation
from surefit.core.kernel import Kernel
from surefit.core.memory import require_bytes

__all__ = ["fixed_logits", "gaussian_logits", "linear_logits"]

Variances: TypeAlias = tuple[Float[Array, "n1 ..."], Float[Array, "n2 ..."]]
Found: TypeAlias = tuple[Float[Array, "n1 n2 ..."], Float[Array, "n1 n2 ..."], Variances]

# Arrays of all quadruples of positions that a dual holds at the peak, as in `limit_kernel`.
_ARRAYS = 16


def fixed_logits(
    k: Kernel, attended: Callable[[Array], Array], logit_std: float, own: float
) -> Found:
    r"""$\Sigma^+ = A\Sigma A'^\top$ with $A = \zeta(\sigma_g\Sigma(x, x))$, not random.

    Args:
        k: of what flows in, with all pairs of positions.
        attended: $\zeta$, of matrices of logits.
        logit_std: $\sigma_g$.
        own: 1 where the layer is trained, else 0.
    """
    count = math.prod(k.space)
    rows1, rows2 = (v.reshape(-1, count, count) for v in (k.variance1, k.variance2))
    weights1, weights2 = (attended(logit_std * v) for v in (rows1, rows2))

    def seen(v: Float[Array, "n1 n2 ..."]) -> Float[Array, "n1 n2 ..."]:
        pairs = v.reshape(*v.shape[:2], count, count)
        return jnp.einsum("ipq,ijqr,jsr->ijps", weights1, pairs, weights2).reshape(v.shape)

    def own_seen(weights: Array, rows: Array, like: Array) -> Float[Array, "n ..."]:
        return jnp.einsum("ipq,iqr,isr->ips", weights, rows, weights).reshape(like.shape)

    nngp = seen(k.nngp)
    variances = own_seen(weights1, rows1, k.variance1), own_seen(weights2, rows2, k.variance2)
    return nngp, 2.0 * own * nngp + seen(k.ntk), variances


def linear_logits(k: Kernel, logit_std: float, own: float) -> Found:
    r"""$\Sigma^+_{pp'} = \sigma_g^2\Sigma_{pp'}\sum_{qq'}\Sigma_{qq'}^2$: for the identity $S = C$.

    The tangent kernel is $4\Sigma^+_{pp'}
    + \sigma_g^2(\Theta_{pp'}\sum\Sigma_{qq'}^2 + 2\Sigma_{pp'}\sum\Sigma_{qq'}\Theta_{qq'})$.

    Args:
        k: of what flows in, with all pairs of positions.
        logit_std: $\sigma_g$.
        own: 1 where the layer is trained, else 0.
    """
    square = logit_std**2

    def total(v: Float[Array, "..."], batches: int) -> Float[Array, "..."]:
        return jnp.sum(v, axis=tuple(range(batches, v.ndim)), keepdims=True)

    def variance(v: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
        return square * v * total(v**2, 1)

    squares = total(k.nngp**2, 2)
    nngp = square * k.nngp * squares
    moved = k.ntk * squares + 2.0 * k.nngp * total(k.nngp * k.ntk, 2)
    return nngp, 4.0 * own * nngp + square * moved, (variance(k.variance1), variance(k.variance2))


def gaussian_logits(k: Kernel, activation: Activation, logit_std: float, own: float) -> Found:
    r"""The general form, through the dual of every quadruple of positions.

    Args:
        k: of what flows in, with all pairs of positions.
        activation: $\zeta$.
        logit_std: $\sigma_g$.
        own: 1 where the layer is trained, else 0.

    Raises:
        MemoryLimitError: the quadruples of one example with all of the other batch do not fit.
    """
    count = math.prod(k.space)
    n1, n2 = k.nngp.shape[:2]
    require_bytes(
        _ARRAYS * k.nngp.dtype.itemsize * n2 * count**4,
        f"`Attention.kernel`: the covariances of the logits of {n2} examples of {count} positions",
        "Logits have covariances between all quadruples of positions. Use shorter sequences, fewer "
        "examples at once, scaling='1/d', or the identity, which needs pairs only.",
    )
    nngp, ntk = (v.reshape(n1, n2, count, count) for v in (k.nngp, k.ntk))
    rows1, rows2 = (v.reshape(-1, count, count) for v in (k.variance1, k.variance2))

    def pair(sigma: Array, theta: Array, own1: Array, own2: Array, same: bool) -> tuple:
        logits = _logits(sigma, theta, own1, own2, same, logit_std, own)
        weights = activation.kernel(logits)
        seen = jnp.einsum("ijpqrs,ijqs->ijpr", weights.nngp, sigma)
        moved = jnp.einsum("ijpqrs,ijqs->ijpr", weights.nngp, theta)
        moved = moved + jnp.einsum("ijpqrs,ijqs->ijpr", weights.ntk, sigma)
        return seen, 2.0 * own * seen + moved

    def row(of_one: tuple) -> tuple:
        sigma, theta, variance = of_one
        found = pair(sigma[None], theta[None], variance[None], rows2, False)
        return found[0][0], found[1][0]

    def itself(of_one: tuple) -> tuple:
        variance, theta = of_one
        pairs = pair(variance[None, None], theta[None, None], variance[None], variance[None], True)
        return pairs[0][0, 0], pairs[1][0, 0]

    seen, moved = jax.lax.map(row, (nngp, ntk, rows1))
    each = jnp.arange(min(n1, n2))
    # What meets itself has correlation 1, which the products of covariances give up to rounding.
    tangents = ntk[each, each] if k.symmetric else jnp.zeros_like(rows1)
    variance1, diagonal = jax.lax.map(itself, (rows1, tangents))
    variance2 = variance1
    if k.symmetric:
        seen = seen.at[each, each].set(variance1)
        moved = moved.at[each, each].set(diagonal)
    else:
        variance2, _ = jax.lax.map(itself, (rows2, jnp.zeros_like(rows2)))
    variances = variance1.reshape(k.variance1.shape), variance2.reshape(k.variance2.shape)
    return seen.reshape(k.nngp.shape), moved.reshape(k.ntk.shape), variances


def _logits(
    sigma: Float[Array, "n1 n2 p p"],
    theta: Float[Array, "n1 n2 p p"],
    own1: Float[Array, "n1 p p"],
    own2: Float[Array, "n2 p p"],
    same: bool,
    logit_std: float,
    own: float,
) -> Kernel:
    """The kernel of logits as Gaussian features at pairs of positions."""
    square, count = logit_std**2, sigma.shape[-1]

    def product(a: Array, b: Array) -> Array:
        return square * jnp.einsum("...pr,...qs->...pqrs", a, b)

    covariance = product(sigma, sigma)
    moved = product(theta, sigma) + product(sigma, theta)
    return Kernel(
        nngp=covariance,
        ntk=2.0 * own * covariance + moved,
        variance1=product(own1, own1),
        variance2=product(own2, own2),
        width=1,
        gaussian=True,
        symmetric=same,
        space=(count, count),
        cross=True,
    )
