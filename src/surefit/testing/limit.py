"""The limit kernel of a network against draws of the network."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.layers import Flatten, Serial
from surefit.tangent import empirical_ntk, jacobian, limit_kernel
from surefit.testing.claims import claim, claim_close, quick_jit

__all__ = ["claim_limit"]


def claim_limit(
    layer: Layer,
    x: jax.Array,
    seeds: int = 256,
    standard_errors: float = 5.0,
    finite_width: float = 0.0,
) -> None:
    """NNGP and tangent kernel of the limit are the means over random parameters.

    Args:
        layer: any network whose limit is known.
        x: a batch of vectors or images. Where outputs are images, covariances of all pairs of
            positions are compared.
        seeds: number of draws.
        standard_errors: how many standard errors of the mean an entry may be off.
        finite_width: what a finite width may add, relative to the largest entry.
    """
    limit = limit_kernel(layer, x, cross_positions=True)
    each = jnp.arange(x.shape[0])
    claim(layer, "the variances of a limit kernel are its diagonal",
          jnp.allclose(limit.nngp[each, each], limit.variance1,
                       rtol=1e-12, atol=1e-14))  # fmt: skip
    # Two batches that happen to be equal take the route of two different ones.
    crossed = limit_kernel(layer, x, x, cross_positions=True)
    for name in ("nngp", "ntk"):
        whole = getattr(limit, name)
        claim_close(layer, f"the {name} of a batch and of two equal batches agree",
                    getattr(crossed, name), whole,
                    1e-7 * (1 + float(jnp.max(jnp.abs(whole)))))  # fmt: skip

    shape = layer.output_shape(x.shape[1:])
    claim(layer, "the kernel knows the positions of the outputs", limit.space == shape[:-1],
          f"Got {limit.space}, due is {shape[:-1]}.")  # fmt: skip
    if limit.space:
        _claim_same_positions(layer, x, limit)
    draw = _of_images if limit.space else _of_vectors
    draws = quick_jit(jax.vmap(lambda key: draw(layer, key, x)))(
        jax.random.split(jax.random.key(1), seeds)
    )
    for name, sample in zip(("nngp", "ntk"), map(np.asarray, draws), strict=True):
        expected = np.asarray(getattr(limit, name))
        scale = np.max(np.abs(expected))
        error = np.std(sample, axis=0, ddof=1) / math.sqrt(seeds)
        claim(layer, f"the draws can tell the {name}", np.max(error) <= 0.1 * scale + 1e-12,
              f"The standard error of an entry is {np.max(error):.3g}, the largest entry "
              f"{scale:.3g}. Ask for more seeds.")  # fmt: skip
        claim_close(layer, f"the limit {name} is the mean over random parameters",
                    np.mean(sample, axis=0), expected,
                    standard_errors * error + (finite_width + 1e-10) * scale + 1e-12)  # fmt: skip


def _claim_same_positions(layer: Layer, x: jax.Array, limit: Kernel) -> None:
    """Where only equal positions are asked for, they are those of all pairs."""
    found, due = limit_kernel(layer, x), limit.same_positions()
    for name in ("nngp", "ntk", "variance1", "variance2"):
        whole = getattr(due, name)
        claim_close(layer, f"the {name} of equal positions is that of all pairs of positions",
                    getattr(found, name), whole,
                    1e-9 * (1 + float(jnp.max(jnp.abs(whole)))))  # fmt: skip


def _of_vectors(layer: Layer, key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    params = layer.init(key, x.shape[1:])
    out = layer.apply(params, x)
    return out @ out.T / out.shape[1], empirical_ntk(layer, params, x)


def _of_images(layer: Layer, key: jax.Array, x: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Covariances of all pairs of positions per channel, (n, n, *space, *space)."""
    params = layer.init(key, x.shape[1:])
    out = layer.apply(params, x)
    n, space, channels = x.shape[0], out.shape[1:-1], out.shape[-1]
    flat = Serial(layer, Flatten())
    gradients = jacobian(flat, (params, ()), x)
    gradients = gradients.reshape(n, math.prod(space), channels, gradients.shape[-1])
    rows = out.reshape(n, math.prod(space), channels)
    nngp = jnp.einsum("ipc,jqc->ijpq", rows, rows) / channels
    ntk = jnp.einsum("ipcw,jqcw->ijpq", gradients, gradients) / channels
    return nngp.reshape(n, n, *space, *space), ntk.reshape(n, n, *space, *space)
