"""What every layer must satisfy."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Tanh
from surefit.core.kernel import Kernel
from surefit.core.layer import Layer, Params, Shape
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.layers import Conv, Dense, Serial
from surefit.tangent import limit_kernel
from surefit.testing.claims import claim, claim_close, claim_value_semantics, quick_jit
from surefit.testing.limit import claim_limit

__all__ = ["check_layer"]


@float64
def check_layer(
    layer: Layer,
    input_shape: Shape,
    *,
    limit: bool = True,
    seeds: int = 256,
    standard_errors: float = 5.0,
    finite_width: float = 0.0,
) -> None:
    """The conformance suite of layers and of networks.

    Shapes of parameters and outputs; examples do not see each other; the trainable mask; `jit`,
    `vmap` and `grad`; frozen and hashable; the limit kernel against a mean over random draws; the
    source of the features, where the kernel names one.

    Args:
        layer: what to check.
        input_shape: shape of one example.
        limit: whether the layer has a known limit; then NNGP and tangent kernel are compared with
            means over random parameters.
        seeds: number of draws.
        standard_errors: how many standard errors of the mean a kernel entry may be off.
        finite_width: what a finite width may add to that, relative to the largest entry. Networks
            with one hidden layer need nothing; deeper ones a few times 1/width.

    Raises:
        AssertionError: naming the property that fails.

    Example:
        >>> import surefit as sf
        >>> from surefit.testing import check_layer
        >>> check_layer(sf.Serial(sf.Dense(32), sf.Tanh(), sf.Dense(1)), (3,))
    """
    claim_value_semantics(layer)
    x = jnp.asarray(np.random.default_rng(7).normal(size=(4, *input_shape)))
    key = jax.random.key(0)
    params = layer.init(key, input_shape)
    _claim_parameters(layer, params, input_shape)
    _claim_batches(layer, params, x)
    _claim_transformations(layer, params, x)
    if limit:
        _claim_behind(layer, x)
        claim_limit(layer, x, seeds, standard_errors, finite_width)


def _claim_behind(layer: Layer, x: jax.Array) -> None:
    """What the kernel says about where its features come from is true, also behind an activation.

    A layer that changes features behind an activation and copies `behind` would mislead the next.
    """
    networks = [layer]
    features = x.shape[-1]
    front = Dense(features, 1.2, 0.3) if x.ndim == 2 else Conv(features, 1, 1, "same", 1.2, 0.3)
    networks.append(Serial(front, Tanh(), layer))
    for network in networks:
        try:
            kernel = limit_kernel(network, x)
        except InvalidInputError:
            # Not every layer has a limit behind an activation.
            continue
        if kernel.behind is None:
            continue
        due: Kernel = kernel.behind.activation.kernel(kernel.behind.kernel)
        for name in ("nngp", "ntk", "variance1", "variance2"):
            found = getattr(kernel, name)
            claim_close(layer, f"the {name} is that of the activation and the kernel in `behind`",
                        found, getattr(due, name),
                        1e-8 * (1 + float(jnp.max(jnp.abs(found)))))  # fmt: skip


def _signature(params: Params) -> tuple:
    leaves, structure = jax.tree.flatten(params)
    return structure, [(leaf.shape, leaf.dtype) for leaf in leaves]


def _claim_parameters(layer: Layer, params: Params, input_shape: Shape) -> None:
    signature = _signature(params)
    claim(layer, "parameters are floating arrays in the default precision",
          all(dtype == jnp.zeros(()).dtype for _, dtype in signature[1]),
          f"Got {signature[1]}.")  # fmt: skip
    again, other = (layer.init(jax.random.key(s), input_shape) for s in (0, 1))
    claim(layer, "shapes of parameters do not depend on the key", _signature(other) == signature)
    claim(layer, "the same key gives the same parameters",
          all(np.array_equal(a, b) for a, b in
              zip(jax.tree.leaves(params), jax.tree.leaves(again), strict=True)))  # fmt: skip
    mask = layer.trainable(params)
    claim(layer, "`trainable` has the structure of the parameters, with bools as leaves",
          jax.tree.structure(mask) == signature[0]
          and all(isinstance(leaf, bool) for leaf in jax.tree.leaves(mask)),
          f"Got {mask}.")  # fmt: skip


def _claim_batches(layer: Layer, params: Params, x: jax.Array) -> None:
    out = layer.apply(params, x)
    due = (x.shape[0], *layer.output_shape(x.shape[1:]))
    claim(layer, "`apply` gives what `output_shape` says", out.shape == due,
          f"Got {out.shape}, due is {due}.")  # fmt: skip
    claim(layer, "outputs are finite", jnp.all(jnp.isfinite(out)))
    alone = jnp.concatenate([layer.apply(params, row[None]) for row in x])
    claim_close(layer, "examples of a batch do not see each other", out, alone, 1e-12)


def _claim_transformations(layer: Layer, params: Params, x: jax.Array) -> None:
    out = layer.apply(params, x)
    scale = 1e-12 * (1 + float(jnp.max(jnp.abs(out))))
    claim_close(layer, "`apply` is the same under `jax.jit`",
                quick_jit(layer.apply)(params, x), out, scale)  # fmt: skip
    stacked = jax.tree.map(lambda leaf: jnp.stack([leaf, leaf]), params)
    many = jax.vmap(layer.apply, in_axes=(0, None), axis_size=2)(stacked, x)
    claim_close(layer, "`apply` is the same under `jax.vmap`", many[1], out, scale)

    def objective(parameters: Params, inputs: jax.Array) -> jax.Array:
        return jnp.sum(jnp.sin(layer.apply(parameters, inputs)))

    gradient = quick_jit(jax.grad(objective, argnums=(0, 1)))(params, x)
    claim(layer, "gradients are finite",
          all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient)))  # fmt: skip
    step = 1e-6
    along = jax.tree.map(lambda leaf: np.cos(np.arange(leaf.size) + 0.5).reshape(leaf.shape),
                         (params, x))  # fmt: skip
    compiled = quick_jit(objective)
    ahead, behind = (
        compiled(
            *jax.tree.map(lambda leaf, way, h=h: np.asarray(leaf) + h * way, (params, x), along)
        )
        for h in (step, -step)
    )
    slope = sum(np.sum(np.asarray(g) * way) for g, way in
                zip(jax.tree.leaves(gradient), jax.tree.leaves(along), strict=True))  # fmt: skip
    claim_close(layer, "gradients agree with finite differences",
                slope, (ahead - behind) / (2 * step), 1e-4 * (1 + abs(float(slope))))  # fmt: skip
