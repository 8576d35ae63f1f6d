"""Spectral norms of the products of matrices between two layers of features."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.layers import Centred
from surefit.training.preactivations import tapped

__all__ = ["STEPS", "product_norms"]

STEPS = 16
"""Products with the operator and its transpose per norm."""


@dataclasses.dataclass(frozen=True)
class _Push(Activation):
    """An activation that notes what flows in and adds something to what comes out."""

    inner: Activation
    seen: list = dataclasses.field(compare=False)
    place: int
    push: Array = dataclasses.field(compare=False)

    def __call__(self, z: Float[Array, "..."]) -> Float[Array, "..."]:
        here = len(self.seen)
        self.seen.append(z)
        h = self.inner(z)
        return h + self.push if here == self.place else h


def product_norms(
    network: Layer, params: Params, x: Float[Array, "n ..."], shapes: list[tuple[int, ...]]
) -> Float[Array, "layers n"]:
    r"""$\|\partial g_{i,L}/\partial h_{i,a-1}\|_2$ for $a = 1..L$ and every sample.

    $g_L$ is what flows into the last activation. Largest singular values by the Lanczos method
    with full orthogonalisation, from below.

    Args:
        network: made of layers, with the same network inside of `Centred`.
        params: its parameters.
        x: samples.
        shapes: of what flows into each activation for one sample, without the batch axis.

    Cost: $2L\cdot16$ passes through the network, and a basis of 16 vectors per sample.
    """
    if isinstance(network, Centred):
        return product_norms(network.network, params["network"], x, shapes)

    def norm(place: int, example: Float[Array, "..."]) -> Float[Array, ""]:
        def last(push: Float[Array, "..."]) -> Float[Array, "..."]:
            seen: list = []
            twin = tapped(network, seen, lambda inner, seen: _Push(inner, seen, place, push[None]))
            twin.apply(params, example[None])
            return seen[-1][0]

        return _largest_singular(last, jnp.zeros(shapes[place], x.dtype))

    rows = [
        jax.vmap(lambda example, place=place: norm(place, example))(x)
        for place in range(len(shapes) - 1)
    ]
    return jnp.stack(rows)


def _largest_singular(
    function: Callable[[Float[Array, "..."]], Float[Array, "..."]], at: Float[Array, "..."]
) -> Float[Array, ""]:
    _, forward = jax.linearize(function, at)
    backward = jax.linear_transpose(forward, at)
    size = at.size

    def squared(q: Float[Array, " m"]) -> Float[Array, " m"]:
        (back,) = backward(forward(q.reshape(at.shape)))
        return back.reshape(-1)

    def unit(r: Float[Array, " m"], floor: Float[Array, ""]) -> Float[Array, " m"]:
        # What is left is rounding where the space is exhausted: a direction of no meaning.
        length = jnp.linalg.norm(r)
        return jnp.where(length > floor, r / jnp.where(length > floor, length, 1.0), 0.0)

    def body(k: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        basis, images = carry
        image = squared(basis[k])
        rest = image - basis.T @ (basis @ image)
        rest = rest - basis.T @ (basis @ rest)
        floor = 1e-10 * jnp.linalg.norm(image)
        return basis.at[k + 1].set(unit(rest, floor)), images.at[k].set(image)

    start = unit(jax.random.normal(jax.random.key(0), (size,), at.dtype), jnp.zeros((), at.dtype))
    basis = jnp.zeros((STEPS + 1, size), at.dtype).at[0].set(start)
    basis, images = jax.lax.fori_loop(0, STEPS, body, (basis, jnp.zeros_like(basis)))
    projected = basis[:-1] @ images[:-1].T
    return jnp.sqrt(jnp.maximum(jnp.linalg.eigvalsh((projected + projected.T) / 2.0)[-1], 0.0))
