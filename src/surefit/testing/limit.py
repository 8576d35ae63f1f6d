"""The limit kernel of a network against draws of the network."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Layer
from surefit.tangent import empirical_ntk, limit_kernel
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
        x: a batch of vectors.
        seeds: number of draws.
        standard_errors: how many standard errors of the mean an entry may be off.
        finite_width: what a finite width may add, relative to the largest entry.
    """
    limit = limit_kernel(layer, x)
    claim(layer, "the variances of a limit kernel are its diagonal",
          jnp.allclose(jnp.diag(limit.nngp), limit.variance1, rtol=1e-12, atol=1e-14))  # fmt: skip
    # Two batches that happen to be equal take the route of two different ones.
    crossed = limit_kernel(layer, x, x)
    for name in ("nngp", "ntk"):
        whole = getattr(limit, name)
        claim_close(layer, f"the {name} of a batch and of two equal batches agree",
                    getattr(crossed, name), whole,
                    1e-7 * (1 + float(jnp.max(jnp.abs(whole)))))  # fmt: skip

    def draw(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        params = layer.init(key, x.shape[1:])
        out = layer.apply(params, x).reshape(x.shape[0], -1)
        return out @ out.T / out.shape[1], empirical_ntk(layer, params, x)

    draws = quick_jit(jax.vmap(draw))(jax.random.split(jax.random.key(1), seeds))
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
