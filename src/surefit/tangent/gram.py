"""Gram matrices of output gradients: the empirical tangent kernel on a batch."""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

from surefit.core.layer import Layer, Params
from surefit.layers import Conv, Dense, Equilibrium
from surefit.tangent.factors import Factor, Form, Part
from surefit.tangent.general import general_parts
from surefit.tangent.moving import trained_part, unwrapped
from surefit.tangent.products import summed
from surefit.tangent.walk import Recorder, factorises

__all__ = [
    "gradient_parts",
    "jacobian",
    "output_kernel",
    "tangent_blocks",
    "tangent_kernel",
]

Outputs = Float[Array, "n k"]


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


def gradient_parts(
    network: Layer | Callable, params: Params, x: Shaped[Array, "n ..."], only: int | None = None
) -> list[Part]:
    """The gradients of all outputs, in parts whose Gram matrices add up to the tangent kernel.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x: the batch.
        only: the number of one output; None: all.

    Cost: one forward and, for every output, one backward pass.
    """
    network, params = unwrapped(network, params)
    if isinstance(network, Layer) and factorises(network, params):
        return _layer_parts(network, params, x, only)
    moving, apply = trained_part(network, params)
    return general_parts(apply, moving, x, only)


def _layer_parts(
    network: Layer, params: Params, x: Float[Array, "n ..."], only: int | None
) -> list[Part]:
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
    # One pass per output: sample i's outputs depend on row i of every tap only. Outputs behind
    # examples everywhere: nothing has to change places between the products.
    seeds = jnp.broadcast_to(chosen, (len(outputs), *chosen.shape))
    if len(chosen) == 1:
        (gradients,) = pull(seeds[:, 0])
        gradients = [g[:, None] for g in gradients]
    else:
        (gradients,) = jax.vmap(pull, in_axes=1, out_axes=1)(seeds)
    names = probe.names(params)
    return [
        _part(layer, h, g.reshape(len(h), len(chosen), *h.shape[1:-1], g.shape[-1]), name)
        for (layer, _), h, g, name in zip(probe.layers, inputs, gradients, names, strict=True)
        if layer.trained
    ]


def _part(
    layer: Dense | Conv | Equilibrium,
    seen: Float[Array, "n *p d"],
    back: Float[Array, "n k *p f"],
    name: str,
) -> Factor:
    scale, _, bias_scale, _ = layer.scales(seen.shape[-1])
    apart = isinstance(layer, Conv) and not layer.shared
    n, k = back.shape[:2]
    order = (-1, 1) if apart else (1, -1)
    return Factor(
        seen.reshape(n, *order, seen.shape[-1]),
        back.reshape(n, k, *order, back.shape[-1]),
        scale,
        0.0 if layer.bias_std is None else bias_scale,
        name,
    )


def tangent_kernel(
    network: Layer | Callable,
    params: Params,
    x1: Shaped[Array, "n1 ..."],
    x2: Shaped[Array, "n2 ..."] | None = None,
    form: Form = "full",
    only: int | None = None,
) -> Float[Array, "n1 ..."]:
    r"""$\langle\nabla f_a(x_i), \nabla f_b(x'_j)\rangle$ over the trained parameters.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x1: first batch.
        x2: second batch; None: the first again, and one triangle is computed.
        form: `full` with the shape (n1, k, n2, k), `trace` (n1, n2), or `per_output` (n1, k, n2).
        only: the number of one output; None: all.
    """
    first = gradient_parts(network, params, x1, only)
    second = None if x2 is None else gradient_parts(network, params, x2, only)
    if first:
        return summed(first, second, form)
    # Nothing trained: the kernel is zero.
    apply = network.apply if isinstance(network, Layer) else network
    outputs = eqx.filter_eval_shape(apply, params, x1)
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    k = outputs.size // n1 if only is None else 1
    shapes = {"full": (n1, k, n2, k), "trace": (n1, n2), "per_output": (n1, k, n2)}
    return jnp.zeros(shapes[form], outputs.dtype)


def output_kernel(
    network: Layer, params: Params, x: Float[Array, "n ..."], output: int
) -> Float[Array, "n n"]:
    r"""The tangent kernel of one output, the block `[output, output]` of `tangent_blocks`.

    In wide networks with independent output weights the Gram matrix of all $k$ outputs tends to
    this block $\otimes I_k$: a $k$-th of the rows tells what the whole spectrum is like.

    Args:
        network: a layer.
        params: its parameters.
        x: the batch.
        output: which output, from 0 on.

    Cost: a $k^2$-th of the operations of `tangent_blocks`, and one backward pass.
    """
    return tangent_kernel(network, params, x, None, "trace", output)


def tangent_blocks(
    network: Layer | Callable,
    params: Params,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
) -> Float[Array, "k k n1 n2"]:
    r"""`tangent_kernel` with one block per pair of outputs in front.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x1: first batch.
        x2: second batch; None: the first again.

    Cost: see `surefit.tangent.routes`.
    """
    return jnp.transpose(tangent_kernel(network, params, x1, x2), (1, 3, 0, 2))
