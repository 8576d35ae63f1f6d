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
from surefit.tangent.close_pairs import half_squares
from surefit.tangent.formulas import formula
from surefit.tangent.native.angle import angle_kernel
from surefit.tangent.native.layers import layers_kernel
from surefit.tangent.native.library import Library, library, missing
from surefit.tangent.recursion import recursive_kernel, tiled_kernel
from surefit.tangent.tiles import on_processor
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
    machine, by = _machine(x1)
    found = _function_of_the_angle(network, x1, x2)
    if found is not None:
        if machine is None:
            kernel = univariate_kernel(found, x1, x2, get)
        else:
            kernel = angle_kernel(machine, found, x1, x2, get)
        gap = _largest_gap(network, kernel, x1, x2, get)
        if gap <= TOLERANCE[x1.dtype.name]:
            return dataclasses.replace(kernel, route=f"univariate{by}, {_words(found, gap)}")
        warnings.warn(
            f"limit_kernel: the kernel as one function of the angle differs by {gap:.1e} from the "
            "recursion through the layers on a sample of pairs, and is not used.",
            KernelWarning,
            stacklevel=4,
        )
    if not network.closed_form:
        return None
    kernel = None if machine is None else layers_kernel(machine, network, x1, x2, get)
    if kernel is None:
        kernel = tiled_kernel(network, x1, x2, get)
        by = by if machine is None else " (no compiled routine: layers it does not know)"
    return dataclasses.replace(kernel, route=f"recursion, tile by tile{by}")


def _machine(x: Float[Array, "n d"]) -> tuple[Library | None, str]:
    """The compiled routine where the batch is, and words for the route."""
    if not on_processor(x):
        return None, ""
    found = library()
    return found, f" (no compiled routine: {missing()})" if found is None else ", compiled routine"


@np.errstate(all="ignore")
def _function_of_the_angle(
    network: Layer, x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None
) -> Univariate | None:
    width, dtype = x1.shape[1], x1.dtype.name
    if network.homogeneous:
        found = fit(network, width, 1.0, dtype)
    else:
        rows = [np.asarray(x) for x in (x1, x2) if x is not None]
        squares = np.concatenate([np.einsum("nd,nd->n", x, x) for x in rows]).astype(np.float64)
        if not np.ptp(squares) <= EQUAL * np.finfo(dtype).eps * squares.max():
            return None
        variance = float(squares.mean()) / width
        found = fit(network, width, variance, dtype) if 0 < variance < np.inf else None
    if found is None or found.error > TOLERANCE[dtype]:
        return None
    return found


def _words(found: Univariate, gap: float) -> str:
    size = "x".join(map(str, SAMPLE))
    return (
        f"degree {found.degree}, error {found.error:.0e}, "
        f"{gap:.0e} from the recursion on {size} pairs"
    )


@float64
@np.errstate(all="ignore")
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
    first, second = (
        np.asarray(x)[pick].astype(np.float64) for x, pick in ((x1, rows), (other, columns))
    )
    true = _recursion(network, first, second)
    norms = [np.sqrt(np.einsum("nd,nd->n", x, x)) for x in (first, second)]
    scale = norms[0][:, None] * norms[1][None, :]
    largest = 0.0
    for name in get:
        matrix = getattr(kernel, name)
        if on_processor(matrix):
            matrix = np.asarray(matrix)  # the same memory, and nothing to compile
        value = np.asarray(matrix[rows][:, columns], np.float64)
        due = true[name]
        inside = scale > 0
        size = np.abs(due[inside] / scale[inside]).max(initial=0.0)
        gap = np.abs((value - due)[inside] / scale[inside]).max(initial=0.0)
        largest = max(largest, float(gap / size) if size > 0 else float(gap))
    return largest if np.isfinite(largest) else np.inf


def _recursion(
    network: Layer, first: Float[np.ndarray, "n d"], second: Float[np.ndarray, "m d"]
) -> dict[str, Float[np.ndarray, "n m"]]:
    """Both kernels through the layers."""
    d, shape = first.shape[1], (len(first), len(second))
    known = formula(network, d, "float64")
    if known is None:
        true = recursive_kernel(network, jnp.asarray(first), jnp.asarray(second))
        return {"nngp": np.asarray(true.nngp), "ntk": np.asarray(true.ntk)}
    pairs = np.argwhere(np.ones(shape, bool))
    apart = half_squares(first, second, pairs) / d
    variances = (
        (np.einsum("nd,nd->n", x, x) / d)[pairs[:, k]] for k, x in enumerate((first, second))
    )
    values = known.at(("nngp", "ntk"), apart, *variances)
    return {
        name: np.broadcast_to(v, len(pairs)).reshape(shape)
        for name, v in zip(("nngp", "ntk"), values, strict=True)
    }
