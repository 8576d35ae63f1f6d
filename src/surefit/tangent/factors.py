r"""Gram matrices of weight gradients from what weights see and what comes back to them.

Weights that act at P positions, $z_{ip} = aWh_{ip}$, have the gradient $a\sum_p g_{ip}h_{ip}^\top$.
A dense layer has one position; a convolution one per window, with the patch $h_{ip}$ of D numbers.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.layers import Conv, Dense, Equilibrium

__all__ = ["block", "block_flops", "pairs_are_cheaper"]

Weights = Dense | Equilibrium | Conv
# Examples whose products without shared weights are formed together.
_AT_ONCE = 8


def block(
    layer: Weights,
    seen1: Float[Array, "n1 *p d"],
    back1: Float[Array, "k n1 *p f"],
    seen2: Float[Array, "n2 *p d"],
    back2: Float[Array, "k n2 *p f"],
) -> Float[Array, "k k n1 n2"]:
    r"""$\langle\nabla f_a(x_i), \nabla f_b(x'_j)\rangle$ over weights and biases of one layer.

    Args:
        layer: whose parameters.
        seen1: what the weights see of the first batch; of a convolution the patches (n1, P, D).
        back1: gradients of the outputs at $z$, one output after the other.
        seen2: likewise of the second batch.
        back2: likewise.

    Cost: see `block_flops`.
    """
    scale, _, bias_scale, _ = layer.scales(seen1.shape[-1])
    bias = 0.0 if layer.bias_std is None else bias_scale**2
    if not isinstance(layer, Conv):
        seen = scale**2 * (seen1 @ seen2.T) + bias
        return seen[None, None] * jnp.einsum("aim,bjm->abij", back1, back2)
    if not layer.shared:
        seen = scale**2 * jnp.einsum("ipd,jpd->ijp", seen1, seen2) + bias

        def row(of_one: tuple[Array, Array]) -> Float[Array, "k k n2"]:
            own, back = of_one
            return jnp.einsum("apf,bjpf->abj", back, own[None, :, :, None] * back2)

        # All examples at once would take k n1 n2 P F numbers.
        rows = jax.lax.map(row, (seen, jnp.moveaxis(back1, 1, 0)), batch_size=_AT_ONCE)
        return jnp.moveaxis(rows, 0, 2)
    sizes = (back1.shape[0], seen1.shape[0], seen2.shape[0], *seen1.shape[1:], back1.shape[-1])
    if pairs_are_cheaper(*sizes):
        seen = scale**2 * jnp.einsum("ipd,jqd->ijpq", seen1, seen2) + bias
        weighted = jnp.einsum("ijpq,bjqf->bijpf", seen, back2)
        return jnp.einsum("aipf,bijpf->abij", back1, weighted)
    w1, w2 = (
        scale * jnp.einsum("aipf,ipd->aifd", back, seen)
        for back, seen in ((back1, seen1), (back2, seen2))
    )
    total = jnp.einsum("aifd,bjfd->abij", w1, w2)
    if layer.bias_std is not None:
        b1, b2 = (jnp.sum(back, axis=2) for back in (back1, back2))
        total = total + bias * jnp.einsum("aif,bjf->abij", b1, b2)
    return total


def pairs_are_cheaper(k: int, n1: int, n2: int, p: int, d: int, f: int) -> bool:
    """Whether products of pairs of positions take fewer operations than gradients of examples."""
    return _pairs(k, n1, n2, p, d, f) < _gradients(k, n1, n2, p, d, f)


def block_flops(layer: Weights, k: int, n: int, positions: int, d: int, f: int) -> float:
    r"""Operations of `block` on one batch of n examples and k outputs.

    Dense layers take $2k^2n^2(D + F)$. Convolutions with shared weights take the cheaper of
    $2n^2P(PD + kPF + k^2F)$, by pairs of positions, and $4knPFD + 2k^2n^2FD$, by gradients of
    examples; without sharing the pairs are those of equal positions.

    Args:
        layer: whose parameters.
        k: outputs.
        n: examples.
        positions: P, 1 for dense layers.
        d: D, what the weights see at a position.
        f: F, features.
    """
    if not isinstance(layer, Conv):
        return 2.0 * (k * n) ** 2 * (d + f)
    if not layer.shared:
        return 2.0 * n**2 * positions * (d + k * f + k**2 * f)
    return min(_pairs(k, n, n, positions, d, f), _gradients(k, n, n, positions, d, f))


def _pairs(k: int, n1: int, n2: int, p: int, d: int, f: int) -> float:
    return 2.0 * n1 * n2 * p * (p * d + k * p * f + k**2 * f)


def _gradients(k: int, n1: int, n2: int, p: int, d: int, f: int) -> float:
    return 2.0 * k * (n1 + n2) * p * f * d + 2.0 * k**2 * n1 * n2 * f * d
