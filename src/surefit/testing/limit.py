"""The limit kernel of a network against draws of the network."""

from __future__ import annotations

import math

import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Shape
from surefit.core.precision import float64
from surefit.layers import Dense, Flatten, Serial
from surefit.layers.dropout import drops
from surefit.tangent import empirical_ntk, jacobian, limit_kernel
from surefit.testing.claims import claim, claim_close, quick_jit

__all__ = ["check_limit", "claim_limit"]


@float64
def check_limit(
    layer: type[Layer],
    activation: Layer,
    *,
    width: int = 256,
    draws: int = 96,
    standard_errors: float = 5.0,
    finite_width: float = 0.0,
) -> None:
    """The limit kernels of a kind of layer in a network with an activation are means over draws.

    The network is what `layer.example` gives.

    Args:
        layer: a class of layers.
        activation: an activation.
        width: features of its hidden layers.
        draws: how many networks; a multiple of 16.
        standard_errors: how many standard errors of the mean a kernel entry may be off.
        finite_width: what a finite width may add to that, relative to the largest entry.

    Raises:
        AssertionError: naming the property that fails.
        InvalidInputError: the network has no known limit.

    Example:
        >>> import surefit as sf
        >>> from surefit.testing import check_limit
        >>> check_limit(sf.Residual, sf.Tanh())
    """
    network, shape = _example(layer, activation, width)
    x = jnp.asarray(np.random.default_rng(7).normal(size=(3, *shape)))
    claim_limit(network, x, draws, standard_errors, finite_width, at_once=16)


def _example(layer: type[Layer], activation: Layer, width: int) -> tuple[Layer, Shape]:
    found = layer.example(activation, width)
    if found is None:
        try:
            own = layer()
        except TypeError as error:
            claim(layer, "gives an `example`, or can be made without arguments", False, str(error))
        found = Serial(Dense(width), activation, own, Dense(4)), (3,)
    return found


def claim_limit(
    layer: Layer,
    x: jax.Array,
    seeds: int = 256,
    standard_errors: float = 5.0,
    finite_width: float = 0.0,
    at_once: int | None = None,
) -> None:
    """NNGP and tangent kernel of the limit are the means over random parameters.

    Args:
        layer: any network whose limit is known.
        x: a batch of vectors or images. Where outputs are images, covariances of all pairs of
            positions are compared.
        seeds: number of draws.
        standard_errors: how many standard errors of the mean an entry may be off.
        finite_width: what a finite width may add, relative to the largest entry.
        at_once: how many draws are held in memory together; None: all.
    """
    limit = limit_kernel(layer, x, cross_positions=True)
    each = jnp.arange(x.shape[0])
    claim(layer, "the variances of a limit kernel are its diagonal",
          jnp.allclose(limit.nngp[each, each], limit.variance1,
                       rtol=1e-12, atol=1e-14))  # fmt: skip
    if not drops(layer):
        _claim_two_batches(layer, x, limit)

    shape = layer.output_shape(x.shape[1:])
    claim(layer, "the kernel knows the positions of the outputs", limit.space == shape[:-1],
          f"Got {limit.space}, due is {shape[:-1]}.")  # fmt: skip
    if limit.space:
        _claim_same_positions(layer, x, limit)
    draw = _of_images if limit.space else _of_vectors
    keys = jax.random.split(jax.random.key(1), seeds)
    draws = quick_jit(
        lambda keys: jax.lax.map(lambda key: draw(layer, key, x), keys, batch_size=at_once or seeds)
    )(keys)
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


def _claim_two_batches(layer: Layer, x: jax.Array, limit: Kernel) -> None:
    """Two batches that happen to be equal take the route of two different ones."""
    crossed = limit_kernel(layer, x, x, cross_positions=True)
    for name in ("nngp", "ntk"):
        whole = getattr(limit, name)
        claim_close(layer, f"the {name} of a batch and of two equal batches agree",
                    getattr(crossed, name), whole,
                    1e-7 * (1 + float(jnp.max(jnp.abs(whole)))))  # fmt: skip


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
