"""Taps inside `scan`: one row of every tap per round."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import jax
from jax.extend import core

from surefit.tangent.general.views import Value

if TYPE_CHECKING:
    from surefit.tangent.general.interpreter import Interpreter

__all__ = ["run_scan"]


def run_scan(outer: Interpreter, eqn: core.JaxprEqn, inputs: list[Value]) -> list[Value]:
    """The outputs of a loop.

    Weights that all rounds share are used at as many positions as there are rounds; weights that
    are stacked along the rounds are a group per round. A leaf that is carried from round to round
    may change on the way, and is not followed.
    """
    params = eqn.params
    consts, start, rows = _parts(params, inputs)
    length, inner = params["length"], params["jaxpr"]
    outer.spoil(start)
    runs: list[Interpreter] = []

    def body(carry: list[Any], given: tuple[list[Any], list[Any]]) -> tuple[list[Any], Any]:
        arrays, taps = given
        run = type(outer)(None if outer.taps is None else taps)
        values = [
            *(_entered(value, value.array, "shared", length) for value in consts),
            *map(Value, carry),
            *(
                _entered(value, row, "stacked", length)
                for value, row in zip(rows, arrays, strict=True)
            ),
        ]
        outputs = run.run(inner.jaxpr, inner.consts, values)
        run.spoil(outputs)
        runs.append(run)
        found = [value.array for value in outputs]
        return found[: len(start)], (found[len(start) :], run.seen)

    taps = [] if outer.taps is None else next(outer.taps)
    last, (stacked, seen) = jax.lax.scan(
        body,
        [value.array for value in start],
        ([value.array for value in rows], taps),
        length=length,
        reverse=params["reverse"],
        unroll=params["unroll"],
    )
    run = runs[-1]
    outer.spoiled |= run.spoiled
    outer.uses.append(run.uses)
    outer.seen.append(seen)
    outer.shapes.append(
        jax.tree.map(lambda s: jax.ShapeDtypeStruct((length, *s.shape), s.dtype), run.shapes)
    )
    return [Value(array) for array in (*last, *stacked)]


def _parts(params: dict[str, Any], inputs: list[Value]) -> tuple[list[Value], ...]:
    """What all rounds share, what the first round starts from, and what has a row per round."""
    if "ft_in" in params:  # since JAX 0.11
        return tuple(map(list, params["ft_in"].update(inputs).unpack()))
    first, carried = params["num_consts"], params["num_consts"] + params["num_carry"]
    return inputs[:first], inputs[first:carried], inputs[carried:]


def _entered(value: Value, array: Any, kind: str, length: int) -> Value:
    if value.view is None:
        return Value(array)
    loops = (*value.view.loops, (kind, length))
    return Value(array, dataclasses.replace(value.view, loops=loops))
