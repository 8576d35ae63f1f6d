"""The kernels of a network in the limit of infinite width."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError

__all__ = ["input_kernel", "limit_kernel"]


def input_kernel(x1: Float[Array, "n1 d"], x2: Float[Array, "n2 d"] | None = None) -> Kernel:
    """The covariances of raw inputs per coordinate, and no tangent kernel yet."""
    other = x1 if x2 is None else x2
    if x1.ndim != 2 or other.ndim != 2 or x1.shape[1] != other.shape[1]:
        raise InvalidInputError(
            "`limit_kernel(x1=..., x2=...)` must be given batches of vectors of equal length. Got "
            f"shapes {x1.shape} and {other.shape}. Flatten the examples first."
        )
    d = x1.shape[1]
    nngp = x1 @ other.T / d
    variance1 = jnp.sum(x1**2, axis=1) / d
    return Kernel(
        nngp=nngp,
        ntk=jnp.zeros_like(nngp),
        variance1=variance1,
        variance2=variance1 if x2 is None else jnp.sum(other**2, axis=1) / d,
        width=d,
        symmetric=x2 is None,
    )


def limit_kernel(
    network: Layer, x1: Float[Array, "n1 d"], x2: Float[Array, "n2 d"] | None = None
) -> Kernel:
    """NNGP and tangent kernel of a network in the limit of infinite width.

    Args:
        network: any composition of layers whose limit is known.
        x1: first batch.
        x2: second batch; None: the first again, with exact diagonal.

    Returns:
        A `Kernel`; `.nngp` and `.ntk` have shape (n1, n2).

    Raises:
        InvalidInputError: the composition has no known limit, or the batches do not match.

    References:
        Jacot, Gabriel, Hongler (2018), Proposition 1, Theorem 1; Lee et al. (2018).

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(1))
        >>> x = jax.random.normal(jax.random.key(0), (5, 3))
        >>> sf.limit_kernel(network, x).ntk.shape
        (5, 5)
    """
    x1 = jnp.asarray(x1)
    return network.kernel(input_kernel(x1, None if x2 is None else jnp.asarray(x2)))
