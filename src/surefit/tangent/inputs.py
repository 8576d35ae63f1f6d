"""Batches of inputs: whether kernels can be made of them, and their first covariances."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.memory import available_bytes, require_bytes
from surefit.errors import InvalidInputError

__all__ = ["ARRAYS", "input_kernel", "is_traced", "require_batches", "require_room"]

# How many arrays as large as a kernel are held at the peak: both kernels before and behind a layer,
# and what duals make on the way. Measured: 14 for ReLU, 15 for GELU.
ARRAYS = 16


def is_traced(*arrays: Array | None) -> bool:
    """Whether some values are not known yet."""
    try:
        for array in arrays:
            np.asarray(array)
    except jax.errors.TracerArrayConversionError:
        return True
    return False


def require_batches(x1: Float[Array, "n1 ..."], x2: Float[Array, "n2 ..."] | None) -> None:
    """Refuse batches of different examples, and numbers that are not finite where they are known.

    Raises:
        InvalidInputError: the batches do not match, or hold NaN or infinity.
    """
    other = x1 if x2 is None else x2
    if x1.ndim < 2 or x1.shape[1:] != other.shape[1:]:
        raise InvalidInputError(
            "`limit_kernel(x1=..., x2=...)` must be given batches of examples of one shape. Got "
            f"shapes {x1.shape} and {other.shape}. The first axis counts examples: vectors are "
            "(n, d), images (n, height, width, channels). Reshape them."
        )
    if not len(x1) or not len(other):
        raise InvalidInputError(
            "`limit_kernel(x1=..., x2=...)` must be given at least one example. Got shapes "
            f"{x1.shape} and {other.shape}. A kernel has a row per example. Check how the batch "
            "was selected."
        )
    for name, x in (("x1", x1), ("x2", x2)):
        if x is None or is_traced(x):
            continue
        values = np.asarray(x)
        # A finite sum has finite terms; large terms may have an infinite sum.
        with np.errstate(over="ignore", invalid="ignore"):
            finite = np.isfinite(values.sum())
        if not finite and not np.isfinite(values).all():
            wrong = np.flatnonzero(~np.isfinite(values).reshape(len(x), -1).all(axis=1))
            raise InvalidInputError(
                f"`limit_kernel({name}=...)` must be finite. Got NaN or infinity in "
                f"{wrong.size} of {len(x)} examples, the first of them number {wrong[0]}. Their "
                "covariances with all other examples would be NaN. Remove or impute them."
            )


def require_room(n1: int, n2: int, itemsize: int, count: int) -> None:
    """Refuse matrices that would not fit into memory, with the size of block that would.

    Args:
        n1: rows.
        n2: columns.
        itemsize: bytes per entry.
        count: how many matrices are held.

    Raises:
        MemoryLimitError: less memory is available.
    """
    side = math.isqrt(max(1, available_bytes() // (2 * itemsize * count)))
    require_bytes(
        count * itemsize * n1 * n2,
        f"`limit_kernel`: {count} matrices of {n1} x {n2}",
        f"Blocks of {side} x {side} take half of that: compute the kernel in blocks, one at a "
        "time, or ask for less with `get`.",
    )


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
    require_batches(x1, x2)
    other = x1 if x2 is None else x2
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


def _require_memory(n1: int, n2: int, space: tuple[int, ...], cross: bool, itemsize: int) -> None:
    if not space:
        return
    positions = math.prod(space)
    entries = n1 * n2 * positions ** (2 if cross else 1)
    require_bytes(
        ARRAYS * itemsize * entries,
        f"`limit_kernel`: the covariances of {n1} x {n2} examples of {positions} positions"
        + (", of all pairs of positions," if cross else ""),
        "Pooling needs those of all pairs of positions; `Flatten` those of equal positions only. "
        "Compute the kernel in blocks of fewer examples, or of smaller images."
        if cross
        else "Compute the kernel in blocks of fewer examples.",
    )
