"""Kernels of networks on images, without arrays over pairs of positions."""

from __future__ import annotations

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Shape
from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError
from surefit.tangent.images.blocks import block_size, columns_of, compiled_own, rows_of
from surefit.tangent.images.equal import equal_pairs
from surefit.tangent.images.jobs import assembled, in_threads, pairs_of_blocks
from surefit.tangent.images.plan import Plan, plan

__all__ = ["covers", "image_kernel", "pays"]

# Covariances of positions from which on compiling for the network pays; about 0.2 seconds of work
# and 256 MB of memory layer by layer.
_MANY = 2**21


def covers(network: Layer, input_shape: Shape) -> bool:
    """Whether `image_kernel` knows the network on images of this shape, and whether it is meant to.

    Known are chains of convolutions, activations, average pooling, layer norm, biases, residual
    layers and sums that end positions by `Flatten` or `GlobalAveragePool`, with anything behind.
    """
    return plan(network, tuple(input_shape)) is not None


def pays(network: Layer, x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None) -> bool:
    """Whether there is so much to do that blocks are worth their compilation, on a processor."""
    positions = math.prod(x1.shape[1:-1])
    each = positions ** (2 if network.needs_cross_positions(False) else 1)
    many = len(x1) * len(x1 if x2 is None else x2) * each >= _MANY
    return many and all(device.platform == "cpu" for device in x1.devices())


def image_kernel(
    network: Layer,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
    get: tuple[str, ...] = ("nngp", "ntk"),
) -> Kernel:
    r"""NNGP and tangent kernel in blocks of pairs of images that stay in cache.

    Where all pairs of positions matter, they are taken shift by shift, see `shifts`: per pair of
    images as many images as there are positions, one after the other.

    Args:
        network: a network that `covers` says yes to.
        x1: first batch (n1, *space, channels), values and not traced.
        x2: second batch; None: the first again, with exact diagonal. Equal images have in any case
            exactly the kernel of an image with itself.
        get: "nngp", "ntk" or both; without "ntk" the tangent kernel is not computed, and None.

    Cost: per pair of images and layer two sums over windows and two duals per position; with
        pooling, as often as there are positions. Memory: the results, and per image what
        normalises it.

    Raises:
        InvalidInputError: a network that is not known here.
        MemoryLimitError: the results would not fit into memory.

    References:
        Arora et al. (2019), arXiv 1904.11955, section 4; Novak et al. (2019), arXiv 1810.05148,
        sections 2 and 3.
    """
    space = tuple(x1.shape[1:-1])
    steps = plan(network, tuple(x1.shape[1:]))
    if steps is None:
        raise InvalidInputError(
            "`image_kernel(network=...)` must be a network that `covers` knows. Got "
            f"{network!r} on examples of shape {x1.shape[1:]}. Its covariances are not evaluated "
            "pair by pair. Use `limit_kernel`, which goes layer by layer."
        )
    other = x1 if x2 is None else x2
    n1, n2, tangent = len(x1), len(other), "ntk" in get
    require_bytes(
        6 * x1.dtype.itemsize * n1 * n2,
        f"`limit_kernel`: the kernels of {n1} x {n2} images",
        "Compute the kernel in blocks of fewer examples.",
    )
    b = block_size(steps, space, x1.dtype.itemsize, n2)
    first = _own(steps, space, tangent, x1, b)
    second = first if x2 is None else _own(steps, space, tangent, other, b)
    rows = (jnp.moveaxis(x1, -1, 1), jax.tree.map(lambda v: rows_of(v, n1), first.prepared))
    jobs = pairs_of_blocks(n1, n2, b, x2 is None)
    columns = (columns_of(other, b), second.prepared)
    matrices = in_threads(steps, space, tangent, rows, columns, jobs)
    ends = (first.nngp, first.ntk)
    equal = equal_pairs(x1, x2)
    nngp, ntk = (
        assembled(jobs, m, own, n2, x2 is None, equal)
        for m, own in zip(matrices, ends, strict=True)
    )
    kernel = Kernel(
        nngp=nngp,
        ntk=ntk,
        variance1=jnp.asarray(first.nngp),
        variance2=jnp.asarray(second.nngp),
        width=steps.width,
        gaussian=steps.gaussian,
        symmetric=x2 is None,
    )
    for layer in steps.head:
        kernel = layer.kernel(kernel)
    route = f"images, in blocks of {b} pairs" + (", shift by shift" if steps.shifted else "")
    return dataclasses.replace(kernel, route=route, **({} if tangent else {"ntk": None}))


@dataclasses.dataclass(frozen=True)
class _Own:
    """What images have with themselves: per node what `prepare` made, and both kernels (n,)."""

    prepared: tuple
    nngp: np.ndarray
    ntk: np.ndarray


def _own(steps: Plan, space: Shape, tangent: bool, x: Float[Array, "n ..."], b: int) -> _Own:
    blocks = columns_of(x, b)
    run = compiled_own(steps, space, tangent, jax.ShapeDtypeStruct(blocks.shape, blocks.dtype))
    prepared, c, t = run(blocks, jnp.asarray(True))
    nngp, ntk = (np.asarray(v).reshape(-1)[: len(x)] for v in (c, t))
    return _Own(prepared, nngp, ntk)
