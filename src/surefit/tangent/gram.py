"""Gram matrices of output gradients: the empirical tangent kernel on a batch."""

from __future__ import annotations

import math
from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.layers import Linearised
from surefit.tangent.factors import block, block_flops
from surefit.tangent.walk import Recorder, factorises

__all__ = ["factored_flops", "jacobian", "output_kernel", "tangent_blocks"]

Outputs = Float[Array, "n k"]


def trained_part(network: Layer | Callable, params: Params) -> tuple[Params, Callable]:
    """The parameters that move, and `apply` as a function of those and of a batch."""
    if not isinstance(network, Layer):
        return params, network
    moving, fixed = eqx.partition(params, network.trainable(params))
    return moving, lambda part, x: network.apply(eqx.combine(part, fixed), x)


def jacobian(
    network: Layer | Callable, params: Params, x: Float[Array, "n ..."]
) -> Float[Array, "n k p"]:
    """Gradients of all outputs with respect to all trained parameters.

    Leaves are flattened in the order of `jax.tree.leaves`.

    Cost: one backward pass per output; n k p numbers.
    """
    moving, apply = trained_part(network, params)

    def of_one(example: Float[Array, "..."]) -> Params:
        return jax.jacrev(lambda part: apply(part, example[None])[0])(moving)

    if not jax.tree.leaves(moving):
        outputs = jax.eval_shape(apply, moving, x)
        return jnp.zeros((*outputs.shape, 0), outputs.dtype)
    leaves = jax.tree.leaves(jax.vmap(of_one)(x))
    return jnp.concatenate([leaf.reshape(*leaf.shape[:2], -1) for leaf in leaves], axis=-1)


def _factors(
    network: Layer, params: Params, x: Float[Array, "n ..."], only: int | None = None
) -> list[tuple]:
    """(layer, inputs (n, m), output gradients (k, n, m')) of every trained layer of weights.

    Those of convolutions are (n, P, m) and (k, n, P, m') for P positions. With `only` one output
    instead of all k.
    """
    probe = Recorder()
    jax.eval_shape(lambda batch: probe.run(network, params, batch), x)
    taps = [jnp.zeros(shape.shape, shape.dtype) for shape in probe.shapes]

    def tapped(arrays: list) -> tuple[Outputs, list]:
        recorder = Recorder(arrays)
        outputs = recorder.run(network, params, x)
        return outputs, recorder.inputs

    outputs, pull, inputs = jax.vjp(tapped, taps, has_aux=True)
    chosen = jnp.eye(outputs.shape[1], dtype=outputs.dtype)
    chosen = chosen if only is None else chosen[only : only + 1]
    features = len(chosen)
    # One pass per output: sample i's outputs depend on row i of every tap only.
    seeds = jnp.broadcast_to(chosen[:, None, :], (features, *outputs.shape))
    (gradients,) = jax.vmap(pull)(seeds)
    return [
        (layer, h, g.reshape(features, *h.shape[:-1], g.shape[-1]))
        for (layer, _), h, g in zip(probe.layers, inputs, gradients, strict=True)
        if layer.trained
    ]


def _factored_blocks(
    network: Layer,
    params: Params,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None,
) -> Float[Array, "k k n1 n2"]:
    first = _factors(network, params, x1)
    second = first if x2 is None else _factors(network, params, x2)
    # Nothing trained: the kernel is zero.
    outputs = jax.eval_shape(network.apply, params, x1)
    rows = x1.shape[0], (x1 if x2 is None else x2).shape[0]
    total = jnp.zeros((outputs.shape[1],) * 2 + rows, outputs.dtype)
    for (layer, h1, g1), (_, h2, g2) in zip(first, second, strict=True):
        total = total + block(layer, h1, g1, h2, g2)
    return total


def output_kernel(
    network: Layer, params: Params, x: Float[Array, "n ..."], output: int
) -> Float[Array, "n n"]:
    r"""The tangent kernel of one output, the block `[output, output]` of `tangent_blocks`.

    In wide networks with independent output weights the Gram matrix of all $k$ outputs tends to
    this block $\otimes I_k$: a $k$-th of the rows tells what the whole spectrum is like.

    Args:
        network: a layer that `surefit.tangent.walk.factorises`.
        params: its parameters.
        x: the batch.
        output: which output, from 0 on.

    Cost: a $k^2$-th of the operations of `tangent_blocks`, and one backward pass.
    """
    factors = _factors(network, params, x, output)
    total = jnp.zeros((len(x), len(x)), x.dtype)
    for layer, h, g in factors:
        total = total + block(layer, h, g, h, g)[0, 0]
    return total


def factored_flops(network: Layer, params: Params, x: Float[Array, "n ..."]) -> float:
    """Operations of `tangent_blocks` on one batch, of a network that `factorises`.

    Those of the backward passes are not counted.
    """
    probe = Recorder()
    outputs = jax.eval_shape(lambda batch: probe.run(network, params, batch), x)
    return sum(
        block_flops(
            layer,
            k=outputs.shape[1],
            n=x.shape[0],
            positions=math.prod(h.shape[1:-1]),
            d=h.shape[-1],
            f=shape.shape[-1],
        )
        for (layer, _), h, shape in zip(probe.layers, probe.inputs, probe.shapes, strict=True)
        if layer.trained
    )


def tangent_blocks(
    network: Layer | Callable,
    params: Params,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
) -> Float[Array, "k k n1 n2"]:
    r"""$\langle\nabla f_a(x_i), \nabla f_b(x'_j)\rangle$ over the trained parameters.

    Networks of dense layers go through $(HH'^\top)\circ(GG'^\top)$ per layer, without gradients of
    weights; convolutions likewise, or through gradients of one layer at a time where that is
    cheaper; anything else through the Jacobian.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x1: first batch.
        x2: second batch; None: the first again.

    Cost: dense layers $k^2 n_1 n_2 \sum_l (m_l + m_{l-1})$ operations; convolutions see
        `surefit.tangent.factors.block_flops`; otherwise
        $k^2 n_1 n_2 p$ operations and $(n_1 + n_2)kp$ numbers of memory.
    """
    while isinstance(network, Linearised):
        # Its gradients are the network's own at the anchor, wherever its parameters are.
        network, params = network.network, params["anchor"]
    if isinstance(network, Layer) and factorises(network, params):
        return _factored_blocks(network, params, x1, x2)
    j1 = jacobian(network, params, x1)
    j2 = j1 if x2 is None else jacobian(network, params, x2)
    return jnp.einsum("iap,jbp->abij", j1, j2)
