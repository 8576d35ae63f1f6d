"""How the limit kernel of a batch of vectors is computed: by angle, by tile, or layer by layer."""

from __future__ import annotations

import dataclasses
import warnings

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.core.precision import float64
from surefit.tangent.recursion import recursive_kernel, tiled_kernel
from surefit.tangent.univariate import Univariate, fit, univariate_kernel

__all__ = ["vector_kernel"]

# Pairs for which nothing is worth fitting or compiling.
FEW = 2**14
# Norms are called equal within some units in the last place.
EQUAL = 8.0
SAMPLE = (8, 32)
# What the shortcut may differ from the recursion by, relative to the largest value.
TOLERANCE = {"float64": 1e-11, "float32": 3e-5}


class KernelWarning(UserWarning):
    """A shortcut was not used because it did not agree with the recursion."""


def vector_kernel(
    network: Layer,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> Kernel | None:
    """The kernel of known vectors, with its route; None where only layer by layer remains.

    Args:
        network: any layer.
        x1: first batch.
        x2: second batch; None: the first again.
        get: what is wanted of `nngp` and `ntk`.
    """
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    if x1.dtype.name not in TOLERANCE or (x2 is not None and x2.dtype != x1.dtype):
        return None
    if n1 * n2 <= FEW:
        if not network.closed_form:
            return None
        kernel = recursive_kernel(network, x1, x2)
        return dataclasses.replace(kernel, distance=None, behind=None, route="recursion")
    found = _function_of_the_angle(network, x1, x2)
    if found is not None:
        kernel = univariate_kernel(found, x1, x2, get)
        gap = _largest_gap(network, kernel, x1, x2, get)
        if gap <= TOLERANCE[x1.dtype.name]:
            return dataclasses.replace(kernel, route=_words(found, gap))
        warnings.warn(
            f"limit_kernel: the kernel as one function of the angle differs by {gap:.1e} from the "
            "recursion through the layers on a sample of pairs, and is not used.",
            KernelWarning,
            stacklevel=4,
        )
    if not network.closed_form:
        return None
    kernel = tiled_kernel(network, x1, x2, get)
    return dataclasses.replace(kernel, route="recursion, tile by tile")


def _function_of_the_angle(
    network: Layer, x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None
) -> Univariate | None:
    width, dtype = x1.shape[1], x1.dtype.name
    if network.homogeneous:
        found = fit(network, width, 1.0, dtype)
    else:
        squares = [np.asarray(jnp.sum(x * x, axis=1)) for x in (x1, x2) if x is not None]
        squares = np.concatenate(squares).astype(np.float64)
        if np.ptp(squares) > EQUAL * np.finfo(dtype).eps * squares.max():
            return None
        found = fit(network, width, float(squares.mean()) / width, dtype)
    if found is None or found.error > TOLERANCE[dtype]:
        return None
    return found


def _words(found: Univariate, gap: float) -> str:
    size = "x".join(map(str, SAMPLE))
    return (
        f"univariate, degree {found.degree}, error {found.error:.0e}, "
        f"{gap:.0e} from the recursion on {size} pairs"
    )


@float64
def _largest_gap(
    network: Layer,
    kernel: Kernel,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> float:
    """The largest difference from the recursion on a sample, per norms, relative to the largest."""
    rng = np.random.default_rng(len(x1))
    other = x1 if x2 is None else x2
    rows, columns = (
        rng.choice(len(x), min(len(x), size), replace=False)
        for x, size in zip((x1, other), SAMPLE, strict=True)
    )
    first, second = (np.asarray(x[pick], np.float64) for x, pick in ((x1, rows), (other, columns)))
    true = recursive_kernel(network, jnp.asarray(first), jnp.asarray(second))
    norms = [np.sqrt(np.einsum("nd,nd->n", x, x)) for x in (first, second)]
    scale = norms[0][:, None] * norms[1][None, :]
    largest = 0.0
    for name in get:
        value = np.asarray(getattr(kernel, name)[rows][:, columns], np.float64)
        due = np.asarray(getattr(true, name))
        inside = scale > 0
        size = np.abs(due[inside] / scale[inside]).max(initial=0.0)
        gap = np.abs((value - due)[inside] / scale[inside]).max(initial=0.0)
        largest = max(largest, float(gap / size) if size > 0 else float(gap))
    return largest if np.isfinite(largest) else np.inf
