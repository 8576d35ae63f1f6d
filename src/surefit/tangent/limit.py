"""The kernels of a network in the limit of infinite width."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.arguments import require_instance
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.errors import UnknownNameError
from surefit.tangent.images import covers, image_kernel, pays
from surefit.tangent.inputs import (
    ARRAYS,
    input_kernel,
    is_traced,
    require_batches,
    require_room,
)
from surefit.tangent.vectors import vector_kernel

__all__ = ["input_kernel", "limit_kernel"]

# Bytes of covariances beyond which pairs of examples are taken in blocks.
_BLOCK = 2**30
_BOTH = ("nngp", "ntk")


def limit_kernel(
    network: Layer,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
    get: str | tuple[str, ...] = _BOTH,
    cross_positions: bool = False,
) -> Kernel:
    r"""NNGP and tangent kernel of a network in the limit of infinite width.

    Args:
        network: any composition of layers whose limit is known.
        x1: first batch, of vectors (n1, d) or of images (n1, *space, channels).
        x2: second batch; None: the first again, with exact diagonal.
        get: what is wanted: "nngp", "ntk" or both; the other one is None.
        cross_positions: where outputs are images, whether the covariances between different
            positions are wanted too. Inside the network they are kept where a layer needs them.

    Returns:
        A `Kernel`; `.nngp` and `.ntk` have shape (n1, n2), of images (n1, n2, *space), with
        `cross_positions` (n1, n2, *space, *space). `.route` says how it was found.

    Bias-free networks of ReLU, leaky ReLU and identity (`Layer.homogeneous`), and all networks on
    vectors of equal norms, have kernels that are one function of the angle: it is fitted by
    polynomials whose error is controlled, and compared with the recursion through the layers on a
    sample of pairs every time. Others are evaluated tile by tile, or layer by layer. Close pairs
    are found and computed from the difference of their rows. Kernels of many images are evaluated
    in blocks of pairs, see `surefit.tangent.images`. Under a trace always layer by layer.

    Cost: for vectors about that of the product of the batches by the univariate route, whatever
        the depth; else the duals of every layer for every pair. For images of P positions, P duals
        per pair of examples; P^2 where the network pools, and layer by layer P^2 numbers of
        memory. Layer by layer, networks whose outputs have no positions are evaluated in blocks of
        examples, so that about 1 GiB is needed.

    Raises:
        InvalidInputError: the composition has no known limit, shapes do not match, or inputs are
            not finite.
        UnknownNameError: `get` names something else.
        MemoryLimitError: the matrices, or covariances of positions, would not fit into memory.

    References:
        Jacot, Gabriel, Hongler (2018), Proposition 1, Theorem 1; Lee et al. (2018). Images: Novak
        et al. (2019), arXiv 1810.05148, sections 2 and 3; Arora et al. (2019), arXiv 1904.11955,
        section 4.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(1))
        >>> x = jax.random.normal(jax.random.key(0), (5, 3))
        >>> sf.limit_kernel(network, x).ntk.shape
        (5, 5)
    """
    get = _asked(get)
    advice = "Its limit is made of those of its layers. Write `sf.Serial(sf.Dense(512), ...)`."
    require_instance("`limit_kernel(network=...)`", network, Layer, "a layer", advice)
    x1 = _floating(x1)
    x2 = None if x2 is None else _floating(x2)
    require_batches(x1, x2)
    if x1.ndim == 2 and not is_traced(x1, x2):
        require_room(len(x1), len(x1 if x2 is None else x2), x1.dtype.itemsize, len(get))
        kernel = vector_kernel(network, x1, x2, get)
        if kernel is not None:
            return _only(kernel, get)
    if x1.ndim > 2:
        # Kernels do not know all of a shape; layers say what does not fit.
        network.output_shape(x1.shape[1:])
        many = not cross_positions and not is_traced(x1, x2) and pays(network, x1, x2)
        if many and covers(network, x1.shape[1:]):
            return _only(image_kernel(network, x1, x2, get), get)
    return _only(_layer_by_layer(network, x1, x2, cross_positions), get)


def _layer_by_layer(
    network: Layer,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None,
    cross_positions: bool = False,
) -> Kernel:
    """All pairs through one layer after the other, in blocks of examples where they are many."""
    cross = network.needs_cross_positions(cross_positions)
    if _too_large(x1, x2, cross) and len(network.output_shape(x1.shape[1:])) == 1:
        return _in_blocks(network, x1, x2)
    kernel = network.kernel(input_kernel(x1, x2, cross))
    kernel = dataclasses.replace(kernel, route="recursion, layer by layer")
    return kernel if cross_positions else kernel.same_positions()


def _asked(get: str | tuple[str, ...]) -> tuple[str, ...]:
    names = (get,) if isinstance(get, str) else tuple(get)
    for name in names or ("",):
        if name not in _BOTH:
            raise UnknownNameError("`limit_kernel(get=...)`", name, _BOTH)
    return tuple(name for name in _BOTH if name in names)


def _only(kernel: Kernel, get: tuple[str, ...]) -> Kernel:
    return dataclasses.replace(kernel, **{name: None for name in _BOTH if name not in get})


def _floating(x: Float[Array, "n ..."]) -> Float[Array, "n ..."]:
    x = jnp.asarray(x)
    return x if jnp.issubdtype(x.dtype, jnp.floating) else x.astype(jnp.zeros(()).dtype)


def _too_large(x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None, cross: bool) -> bool:
    """Whether the covariances should not be held for all pairs of examples at once."""
    n1, n2 = len(x1), len(x1) if x2 is None else len(x2)
    positions = math.prod(x1.shape[1:-1])
    entries = n1 * n2 * positions ** (2 if cross else 1)
    return max(n1, n2) > 1 and ARRAYS * x1.dtype.itemsize * entries > _BLOCK


def _in_blocks(
    network: Layer, x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None
) -> Kernel:
    """The kernel from those of halves of a batch, where outputs have no positions."""
    if x2 is None:
        first, second = _halves(x1)
        upper, lower = (_layer_by_layer(network, half, None) for half in (first, second))
        corner = _layer_by_layer(network, first, second)
        return dataclasses.replace(
            upper,
            nngp=_symmetric(upper.nngp, corner.nngp, lower.nngp),
            ntk=_symmetric(upper.ntk, corner.ntk, lower.ntk),
            variance1=jnp.concatenate([upper.variance1, lower.variance1]),
            variance2=jnp.concatenate([upper.variance2, lower.variance2]),
        )
    rows = len(x1) >= len(x2)
    halves = _halves(x1 if rows else x2)
    a, b = (_layer_by_layer(network, *((half, x2) if rows else (x1, half))) for half in halves)
    axis = 0 if rows else 1
    return dataclasses.replace(
        a,
        nngp=jnp.concatenate([a.nngp, b.nngp], axis),
        ntk=jnp.concatenate([a.ntk, b.ntk], axis),
        variance1=jnp.concatenate([a.variance1, b.variance1]) if rows else a.variance1,
        variance2=a.variance2 if rows else jnp.concatenate([a.variance2, b.variance2]),
    )


def _halves(x: Float[Array, "n ..."]) -> tuple[Float[Array, "a ..."], Float[Array, "b ..."]]:
    return x[: len(x) // 2], x[len(x) // 2 :]


def _symmetric(
    upper: Float[Array, "a a"], corner: Float[Array, "a b"], lower: Float[Array, "b b"]
) -> Float[Array, "n n"]:
    return jnp.block([[upper, corner], [corner.T, lower]])
