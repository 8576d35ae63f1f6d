r"""Operations that are linear in a leaf, in one form: $z_{gp} = W_g h_{gp}$.

For every operation: what the weights see, as (groups, positions, numbers), and how the gradient at
its output becomes (groups, positions, features). Uses of one leaf with equal `coordinates` have
gradients in the same coordinates, so that their positions can be put behind each other.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax.numpy as jnp
from jax.extend import core
from jaxtyping import Array, Float, Shaped

from surefit.tangent.general.views import Value, View
from surefit.tangent.general.windows import seen_by_windows

__all__ = ["Use", "use_of"]


@dataclasses.dataclass(frozen=True)
class Use:
    """One operation with a view of a leaf.

    Args:
        view: of the leaf.
        coordinates: of the gradient.
        order: axes of the output as (groups, positions, features).
        sizes: how many entries these are: G, P, F.
    """

    view: View
    coordinates: tuple
    order: tuple[int, ...]
    sizes: tuple[int, int, int]

    def canonical(self, gradient: Float[Array, "..."]) -> Float[Array, "g p f"]:
        """The gradient at the output as (groups, positions, features)."""
        return jnp.transpose(gradient, self.order).reshape(self.sizes)


def use_of(
    eqn: core.JaxprEqn, inputs: list[Value], output_shape: tuple[int, ...]
) -> tuple[Use, Shaped[Array, "g p d"]] | None:
    """The use of a leaf in an operation, and what the weights see; None: not of a known form."""
    if sum(value.view is not None for value in inputs) != 1:
        return None
    name = eqn.primitive.name
    if name == "dot_general":
        return _product(eqn.params["dimension_numbers"], inputs, output_shape)
    if name == "conv_general_dilated" and inputs[1].view is not None:
        return _convolution(eqn.params, inputs, output_shape)
    if name == "gather" and inputs[0].view is not None:
        return _look_up(eqn.params, inputs, output_shape)
    return None


def _product(
    dimensions: Any, inputs: list[Value], output_shape: tuple[int, ...]
) -> tuple[Use, Float[Array, "g p d"]]:
    own = 0 if inputs[0].view is not None else 1
    weights, h = inputs[own].array, inputs[1 - own].array
    contracted, batch = (list(zip(*pair, strict=True)) for pair in dimensions)
    # Both in the order of the axes of the weights, so that equal uses look equal.
    contracted = sorted((pair[own], pair[1 - own]) for pair in contracted)
    order_of_batch = sorted(range(len(batch)), key=lambda i: batch[i][own])
    h_batch = [batch[i][1 - own] for i in order_of_batch]
    h_sum = [axis for _, axis in contracted]
    h_free = [axis for axis in range(h.ndim) if axis not in (*h_batch, *h_sum)]
    taken = {pair[own] for pair in contracted} | {pair[own] for pair in batch}
    features = weights.ndim - len(taken)
    ahead = len(batch)
    first = range(ahead, ahead + (features if own == 0 else len(h_free)))
    second = range(first.stop, len(output_shape))
    free, made = (second, first) if own == 0 else (first, second)
    sizes = tuple(
        math.prod(output_shape[axis] for axis in axes) for axes in (range(ahead), free, made)
    )
    seen = jnp.transpose(h, (*h_batch, *h_free, *h_sum)).reshape(sizes[0], sizes[1], -1)
    view = inputs[own].view
    coordinates = (
        "dot_general",
        tuple(axis for axis, _ in contracted),
        tuple(sorted(pair[own] for pair in batch)),
        view.path,
    )
    return Use(view, coordinates, (*order_of_batch, *free, *made), sizes), seen


def _convolution(
    params: dict[str, Any], inputs: list[Value], output_shape: tuple[int, ...]
) -> tuple[Use, Float[Array, "g p d"]] | None:
    numbers, groups = params["dimension_numbers"], params["feature_group_count"]
    if params["batch_group_count"] != 1:
        return None
    h, weights = inputs[0].array, inputs[1].array
    shape = tuple(weights.shape[axis] for axis in numbers.rhs_spec)
    patches = seen_by_windows(h, shape, params)
    seen = jnp.moveaxis(patches, 1, 0).reshape(groups, -1, patches.shape[-1])
    batch, made, *space = numbers.out_spec
    if groups > 1:
        return _grouped(params, inputs, output_shape, seen)
    sizes = (1, seen.shape[1], shape[0])
    view = inputs[1].view
    coordinates = ("conv", numbers.rhs_spec, groups, view.path)
    return Use(view, coordinates, (batch, *space, made), sizes), seen


@dataclasses.dataclass(frozen=True)
class _Grouped(Use):
    """A convolution in groups of channels: features come group by group."""

    def canonical(self, gradient: Float[Array, "..."]) -> Float[Array, "g p f"]:
        """The gradient at the output as (groups, positions, features)."""
        g, p, f = self.sizes
        flat = jnp.transpose(gradient, self.order).reshape(p, g, f)
        return jnp.moveaxis(flat, 1, 0)


def _grouped(
    params: dict[str, Any],
    inputs: list[Value],
    output_shape: tuple[int, ...],
    seen: Float[Array, "g p d"],
) -> tuple[Use, Float[Array, "g p d"]]:
    batch, made, *space = params["dimension_numbers"].out_spec
    groups = params["feature_group_count"]
    sizes = (groups, seen.shape[1], output_shape[made] // groups)
    view = inputs[1].view
    coordinates = ("conv", params["dimension_numbers"].rhs_spec, groups, view.path)
    return _Grouped(view, coordinates, (batch, *space, made), sizes), seen


def _look_up(
    params: dict[str, Any], inputs: list[Value], output_shape: tuple[int, ...]
) -> tuple[Use, Shaped[Array, "g p d"]] | None:
    """Whole rows of a table, picked by numbers."""
    numbers, table, picked = params["dimension_numbers"], inputs[0].array, inputs[1].array
    view = inputs[0].view
    rows_only = (
        numbers.collapsed_slice_dims == (0,)
        and numbers.start_index_map == (0,)
        and not numbers.operand_batching_dims
        and tuple(params["slice_sizes"]) == (1, *table.shape[1:])
        and picked.shape[-1] == 1
    )
    if not rows_only or not (isinstance(view.scale, float) and view.scale == 1.0):
        return None
    offsets = tuple(numbers.offset_dims)
    free = [axis for axis in range(len(output_shape)) if axis not in offsets]
    sizes = (1, math.prod(picked.shape[:-1]), math.prod(table.shape[1:]))
    seen = picked.reshape(1, -1, 1)
    if "CLIP" in str(params["mode"]).upper():
        seen = jnp.clip(seen, 0, table.shape[0] - 1)
    return Use(view, ("gather", view.path), (*free, *offsets), sizes), seen
