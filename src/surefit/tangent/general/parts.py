"""Which leaves can be tapped, and the parts of the gradients of a batch."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend import core
from jaxtyping import Array, Float, Shaped

from surefit.core.layer import Params
from surefit.core.tree import leaf_names
from surefit.tangent.factors import Factor, Part, Rows
from surefit.tangent.general.interpreter import Interpreter
from surefit.tangent.general.uses import Use
from surefit.tangent.general.views import Value, View

__all__ = ["Analysis", "analyse", "general_parts"]


@dataclasses.dataclass(frozen=True)
class Analysis:
    """What was found about a function of parameters and one example.

    Args:
        jaxpr: the function of the leaves and of an example.
        names: of the leaves.
        tapped: leaves all uses of which have a tap.
        direct: leaves whose gradients are formed.
        uses: nested as loops are.
        taps: shapes of the taps, nested likewise.
        seen: shapes of what the weights see, nested likewise.
        outputs: $k$.
    """

    jaxpr: core.ClosedJaxpr
    names: tuple[str, ...]
    tapped: tuple[int, ...]
    direct: tuple[int, ...]
    uses: list[Any]
    taps: list[Any]
    seen: list[Any]
    outputs: int


def analyse(apply: Callable, moving: Params, x: Any) -> Analysis:
    """Trace a function for one example and follow its leaves.

    Args:
        apply: `f(params, x)` of a batch, that treats every example for itself.
        moving: its parameters.
        x: a batch, or its shape.

    Cost: tracing only.
    """
    leaves, structure = jax.tree.flatten(moving)
    example = jax.ShapeDtypeStruct(x.shape[1:], x.dtype)

    def of_one(values: list[Array], one: Shaped[Array, "..."]) -> Float[Array, " k"]:
        return jnp.ravel(apply(jax.tree.unflatten(structure, values), one[None])[0])

    jaxpr = jax.make_jaxpr(of_one)(leaves, example)
    equations = jaxpr.jaxpr.eqns
    used = {atom for eqn in equations for atom in eqn.invars if isinstance(atom, core.Var)}
    used |= {atom for atom in jaxpr.jaxpr.outvars if isinstance(atom, core.Var)}
    followed = {i for i in range(len(leaves)) if jaxpr.jaxpr.invars[i] in used}
    present = frozenset(followed)
    while True:
        run = _dry_run(jaxpr, leaves, example, followed)
        spoiled = run.spoiled | _mixed(jax.tree.leaves(run.uses))
        if not spoiled:
            break
        followed -= spoiled
    return Analysis(
        jaxpr=jaxpr,
        names=leaf_names(moving),
        tapped=tuple(sorted(followed)),
        direct=tuple(sorted(present - followed)),
        uses=run.uses,
        taps=run.shapes,
        seen=run.seen,
        outputs=math.prod(jaxpr.out_avals[0].shape),
    )


def _dry_run(
    jaxpr: core.ClosedJaxpr, leaves: list[Array], example: Any, followed: set[int]
) -> Interpreter:
    run = Interpreter()

    def go(values: list[Array], one: Shaped[Array, "..."]) -> list[Any]:
        run.__init__()
        run.spoil(run.run(jaxpr.jaxpr, jaxpr.consts, _inputs(values, one, followed)))
        return run.seen

    run.seen = jax.eval_shape(go, leaves, example)
    return run


def _inputs(values: list[Any], one: Any, followed: Any) -> list[Value]:
    views = [Value(v, View(i) if i in followed else None) for i, v in enumerate(values)]
    return [*views, Value(one)]


def _coordinates(use: Use) -> tuple:
    return use.coordinates, tuple(loop for loop in use.view.loops if loop[0] == "stacked")


def _mixed(uses: list[Use]) -> set[int]:
    """Leaves whose uses have gradients in different coordinates, as those of W and of W^T."""
    found: dict[int, tuple] = {}
    return {
        use.view.leaf
        for use in uses
        if found.setdefault(use.view.leaf, _coordinates(use)) != _coordinates(use)
    }


def general_parts(
    apply: Callable, moving: Params, x: Shaped[Array, "n ..."], only: int | None = None
) -> list[Part]:
    """The parts of the gradients of all examples, one per leaf.

    Args:
        apply: `f(params, x)` of a batch, that treats every example for itself.
        moving: the parameters.
        x: the batch.
        only: the number of one output; None: all.

    Cost:
        One forward and, for every output, one backward pass.
    """
    found = analyse(apply, moving, x)
    leaves = jax.tree.leaves(moving)
    uses = jax.tree.leaves(found.uses)
    seeds = jnp.eye(found.outputs, dtype=found.jaxpr.out_avals[0].dtype)
    seeds = seeds if only is None else seeds[only : only + 1]

    def of_one(one: Shaped[Array, "..."]) -> tuple[list[Any], list[Any], list[Any]]:
        def tapped(taps: list[Any], direct: list[Any]) -> tuple[Float[Array, " k"], list[Any]]:
            values = list(leaves)
            for index, value in zip(found.direct, direct, strict=True):
                values[index] = value
            run = Interpreter(taps)
            inputs = _inputs(values, one, found.tapped)
            (outputs,) = run.run(found.jaxpr.jaxpr, found.jaxpr.consts, inputs)
            return outputs.array, run.seen

        taps = jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), found.taps)
        direct = [leaves[index] for index in found.direct]
        _, pull, seen = jax.vjp(tapped, taps, direct, has_aux=True)
        back, rows = jax.vmap(pull)(seeds)
        back = [
            _over(use, lambda g, u=use: u.canonical(g), extra=1)(g)
            for use, g in zip(uses, jax.tree.leaves(back), strict=True)
        ]
        return (
            [_merged(use, h, 0) for use, h in zip(uses, jax.tree.leaves(seen), strict=True)],
            [_merged(use, g, 1) for use, g in zip(uses, back, strict=True)],
            [row.reshape(len(seeds), -1) for row in rows],
        )

    seen, back, rows = jax.vmap(of_one)(x)
    parts: dict[int, Part] = {
        index: Rows(row, found.names[index]) for index, row in zip(found.direct, rows, strict=True)
    }
    for index in found.tapped:
        own = [i for i, use in enumerate(uses) if use.view.leaf == index]
        parts[index] = Factor(
            jnp.concatenate([seen[i] for i in own], axis=2),
            jnp.concatenate([back[i] for i in own], axis=3),
            1.0,
            0.0,
            found.names[index],
        )
    return [parts[index] for index in sorted(parts)]


def _over(use: Use, function: Callable, extra: int) -> Callable:
    for _ in range(len(use.view.loops) + extra):
        function = jax.vmap(function)
    return function


def _merged(use: Use, array: Shaped[Array, "..."], lead: int) -> Shaped[Array, "..."]:
    """Rounds of loops become groups or positions: (*lead, *rounds, g, p, m) to (*lead, g, p, m)."""
    loops = use.view.loops
    stacked = [lead + i for i, (kind, _) in enumerate(loops) if kind == "stacked"]
    shared = [lead + i for i, (kind, _) in enumerate(loops) if kind == "shared"]
    g, p, m = range(lead + len(loops), array.ndim)
    turned = jnp.transpose(array, (*range(lead), *stacked, g, *shared, p, m))
    groups = math.prod(array.shape[i] for i in (*stacked, g))
    positions = math.prod(array.shape[i] for i in (*shared, p))
    return turned.reshape(*array.shape[:lead], groups, positions, array.shape[m])
