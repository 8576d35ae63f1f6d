"""How a tangent kernel will be computed: the route of every part, operations, bytes, blocks."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from surefit.core.layer import Layer, Params
from surefit.core.memory import format_bytes
from surefit.tangent.factors import Form
from surefit.tangent.fitting import fit
from surefit.tangent.general import analyse
from surefit.tangent.moving import trained_part, unwrapped
from surefit.tangent.routes import Cost, Sizes
from surefit.tangent.sizes import layer_sizes
from surefit.tangent.walk import factorises

__all__ = ["NTKPlan", "PartPlan", "plan_ntk"]


@dataclasses.dataclass(frozen=True)
class PartPlan:
    """The route of one part of the gradients.

    Args:
        name: of its parameters.
        route: `pairs` of positions from two factors, `gradients` of examples made of two factors,
            or `direct`, gradients of examples by differentiation.
        cost: of the Gram matrix.
        numbers: held per example.
    """

    name: str
    route: str
    cost: Cost
    numbers: int


@dataclasses.dataclass(frozen=True)
class NTKPlan:
    """How a tangent kernel will be computed.

    Args:
        route: `layers`, if the network consists of the library's layers of weights, or `general`.
        parts: the route of every part.
        block: examples of either batch that are taken together.
        bytes: needed at the peak, the result included.
        result_bytes: of the result.
    """

    route: str
    parts: tuple[PartPlan, ...]
    block: int
    bytes: int
    result_bytes: int

    @property
    def operations(self) -> float:
        """Of all Gram matrices; the forward and backward passes come on top."""
        return sum(part.cost.operations for part in self.parts)

    def __str__(self) -> str:
        head = (
            f"{self.route}: {self.operations:.3g} operations, {format_bytes(self.bytes)} at the "
            f"peak, in blocks of {self.block} examples"
        )
        lines = [
            f"  {part.name}: {part.route}, {part.cost.operations:.3g} operations"
            for part in self.parts
        ]
        return "\n".join([head, *lines])


def plan_ntk(
    network: Layer | Callable,
    params: Params,
    x1: Any,
    x2: Any = None,
    form: Form = "trace",
    only: int | None = None,
    memory_limit: int | None = None,
) -> NTKPlan:
    """The plan that `empirical_ntk` follows, without computing anything.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x1: first batch.
        x2: second batch; None: the first again.
        form: which pairs of outputs.
        only: the number of one output; None: all.
        memory_limit: bytes that may be used; None: what is available.

    Raises:
        MemoryLimitError: not even one pair of examples, or the result, has room.

    Cost: tracing only.
    """
    n1, n2 = len(x1), len(x1 if x2 is None else x2)
    network, params = unwrapped(network, params)
    if isinstance(network, Layer) and factorises(network, params):
        route = "layers"
        sized = layer_sizes(network, params, x1, n2)
        k = sized[0][1].outputs if sized else 1
        direct: list[tuple[str, int]] = []
        itemsize = np.dtype(x1.dtype).itemsize
    else:
        route = "general"
        sized, direct, k, itemsize = _general_sizes(network, params, x1, n2)
    k = 1 if only is not None else k
    sized = [(name, dataclasses.replace(sizes, outputs=k)) for name, sizes in sized]
    parts = [_planned(name, sizes, form) for name, sizes in sized]
    for name, size in direct:
        # Gradients that are there already: only their products remain.
        sizes = Sizes(k, n1, n2, 1, 1, size, 1, itemsize)
        c = k**2 if form == "full" else k
        parts.append(
            PartPlan(
                name, "direct", Cost(2.0 * c * n1 * n2 * size, sizes.gradients().bytes), k * size
            )
        )
    entries = {"full": k**2, "per_output": k, "trace": 1}[form]
    example = itemsize * sum(part.numbers for part in parts)
    pairs = itemsize if any(part.route == "pairs" and part.cost.bytes > 0 for part in parts) else 0
    fitted = fit(n1, n2, entries * itemsize, example, pairs, memory_limit)
    return NTKPlan(route, tuple(parts), *fitted)


def _planned(name: str, sizes: Sizes, form: Form) -> PartPlan:
    route = sizes.cheaper(form)
    numbers = sizes.groups * sizes.positions * (sizes.seen + sizes.outputs * sizes.features)
    if route == "gradients":
        numbers += sizes.outputs * sizes.groups * sizes.seen * sizes.features
    return PartPlan(name, route, sizes.cost(form), numbers)


def _general_sizes(
    network: Layer | Callable, params: Params, x1: Any, n2: int
) -> tuple[list[tuple[str, Sizes]], list[tuple[str, int]], int, int]:
    moving, apply = trained_part(network, params)
    found = analyse(apply, moving, x1)
    itemsize = found.jaxpr.out_avals[0].dtype.itemsize
    sized: dict[int, tuple[str, Sizes]] = {}
    for use, seen in zip(jax.tree.leaves(found.uses), jax.tree.leaves(found.seen), strict=True):
        rounds = {"shared": 1, "stacked": 1}
        for kind, length in use.view.loops:
            rounds[kind] *= length
        g, p, d = seen.shape[-3:]
        already = sized[use.view.leaf][1].positions if use.view.leaf in sized else 0
        sized[use.view.leaf] = (
            found.names[use.view.leaf],
            Sizes(
                found.outputs,
                len(x1),
                n2,
                g * rounds["stacked"],
                p * rounds["shared"] + already,
                d,
                use.sizes[2],
                itemsize,
                np.issubdtype(seen.dtype, np.integer),
            ),
        )
    leaves = jax.tree.leaves(moving)
    direct = [(found.names[i], math.prod(leaves[i].shape)) for i in found.direct]
    return [sized[index] for index in sorted(sized)], direct, found.outputs, itemsize
