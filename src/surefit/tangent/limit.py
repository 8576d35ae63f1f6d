"""The kernels of a network in the limit of infinite width."""

from __future__ import annotations

import dataclasses
import math

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError

__all__ = ["input_kernel", "limit_kernel"]

# How many arrays as large as a kernel are held at the peak: both kernels before and behind a layer,
# and what duals make on the way. Measured: 14 for ReLU, 15 for GELU.
_ARRAYS = 16
# Bytes of covariances of positions beyond which pairs of examples are taken in blocks.
_BLOCK = 2**30


def input_kernel(
    x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None = None, cross: bool = False
) -> Kernel:
    """The covariances of raw inputs per coordinate, and no tangent kernel yet.

    Args:
        x1: first batch, of vectors (n1, d) or of images (n1, *space, channels).
        x2: second batch; None: the first again.
        cross: whether to keep covariances between different positions of images.

    Raises:
        InvalidInputError: the batches do not match.
        MemoryLimitError: covariances of positions would not fit into memory.
    """
    other = x1 if x2 is None else x2
    if x1.ndim < 2 or x1.shape[1:] != other.shape[1:]:
        raise InvalidInputError(
            "`limit_kernel(x1=..., x2=...)` must be given batches of examples of one shape. Got "
            f"shapes {x1.shape} and {other.shape}. The first axis counts examples: vectors are "
            "(n, d), images (n, height, width, channels)."
        )
    space, d = x1.shape[1:-1], x1.shape[-1]
    cross = cross and bool(space)
    _require_memory(x1.shape[0], other.shape[0], space, cross, x1.dtype.itemsize)
    first, second = (v.reshape(v.shape[0], -1, d) for v in (x1, other))
    pairs = "ipc,jqc->ijpq" if cross else "ipc,jpc->ijp"
    own = "ipc,iqc->ipq" if cross else "ipc,ipc->ip"
    shape = space + space if cross else space

    def variances(v: Float[Array, "n p d"]) -> Float[Array, "n ..."]:
        return jnp.einsum(own, v, v).reshape(v.shape[0], *shape) / d

    nngp = jnp.einsum(pairs, first, second).reshape(x1.shape[0], other.shape[0], *shape) / d
    variance1 = variances(first)
    return Kernel(
        nngp=nngp,
        ntk=jnp.zeros_like(nngp),
        variance1=variance1,
        variance2=variance1 if x2 is None else variances(second),
        width=d,
        symmetric=x2 is None,
        space=space,
        cross=cross,
    )


def limit_kernel(
    network: Layer,
    x1: Float[Array, "n1 ..."],
    x2: Float[Array, "n2 ..."] | None = None,
    cross_positions: bool = False,
) -> Kernel:
    r"""NNGP and tangent kernel of a network in the limit of infinite width.

    Args:
        network: any composition of layers whose limit is known.
        x1: first batch, of vectors (n1, d) or of images (n1, *space, channels).
        x2: second batch; None: the first again, with exact diagonal.
        cross_positions: where outputs are images, whether the covariances between different
            positions are wanted too. Inside the network they are kept where a layer needs them.

    Returns:
        A `Kernel`; `.nngp` and `.ntk` have shape (n1, n2), of images (n1, n2, *space), with
        `cross_positions` (n1, n2, *space, *space).

    Cost: for images of P positions, P duals per pair of examples; P^2, and P^2 numbers of memory,
        where the network pools. Networks whose outputs have no positions are evaluated in blocks of
        examples, so that about 1 GiB is needed.

    Raises:
        InvalidInputError: the composition has no known limit, or shapes do not match.
        MemoryLimitError: covariances of positions would not fit into memory.

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
    x1 = jnp.asarray(x1)
    x2 = None if x2 is None else jnp.asarray(x2)
    if x1.ndim > 2:
        # Kernels do not know all of a shape; layers say what does not fit.
        network.output_shape(x1.shape[1:])
    cross = network.needs_cross_positions(cross_positions)
    if _too_large(x1, x2, cross) and len(network.output_shape(x1.shape[1:])) == 1:
        return _in_blocks(network, x1, x2)
    kernel = network.kernel(input_kernel(x1, x2, cross))
    return kernel if cross_positions else kernel.same_positions()


def _too_large(x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None, cross: bool) -> bool:
    """Whether the covariances of positions should not be held for all pairs of examples at once."""
    n1, n2 = len(x1), len(x1) if x2 is None else len(x2)
    positions = math.prod(x1.shape[1:-1])
    entries = n1 * n2 * positions ** (2 if cross else 1)
    return positions > 1 and max(n1, n2) > 1 and _ARRAYS * x1.dtype.itemsize * entries > _BLOCK


def _in_blocks(
    network: Layer, x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None
) -> Kernel:
    """The kernel from those of halves of a batch, where outputs have no positions."""
    if x2 is None:
        first, second = _halves(x1)
        upper, lower = limit_kernel(network, first), limit_kernel(network, second)
        corner = limit_kernel(network, first, second)
        return dataclasses.replace(
            upper,
            nngp=_symmetric(upper.nngp, corner.nngp, lower.nngp),
            ntk=_symmetric(upper.ntk, corner.ntk, lower.ntk),
            variance1=jnp.concatenate([upper.variance1, lower.variance1]),
            variance2=jnp.concatenate([upper.variance2, lower.variance2]),
        )
    rows = len(x1) >= len(x2)
    halves = _halves(x1 if rows else x2)
    a, b = (limit_kernel(network, *((half, x2) if rows else (x1, half))) for half in halves)
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


def _require_memory(n1: int, n2: int, space: tuple[int, ...], cross: bool, itemsize: int) -> None:
    if not space:
        return
    positions = math.prod(space)
    entries = n1 * n2 * positions ** (2 if cross else 1)
    require_bytes(
        _ARRAYS * itemsize * entries,
        f"`limit_kernel`: the covariances of {n1} x {n2} examples of {positions} positions"
        + (", of all pairs of positions," if cross else ""),
        "Pooling needs those of all pairs of positions; `Flatten` those of equal positions only. "
        "Compute the kernel in blocks of fewer examples, or of smaller images."
        if cross
        else "Compute the kernel in blocks of fewer examples.",
    )
