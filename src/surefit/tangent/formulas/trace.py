"""Formulas written in JAX, read as graphs."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

import jax
import numpy as np
from jax.extend import core

from surefit.activations.angle import gap
from surefit.activations.arc_cosine import rectified
from surefit.tangent.formulas.graph import COLUMN, CONSTANT, PAIR, ROW, Graph, Node

__all__ = ["UnknownFormulaError", "trace"]

# Lengths of the axes of the first and of the second examples, by which values are told apart.
FIRST, SECOND = 2, 3
SHAPES = {CONSTANT: (), ROW: (FIRST,), COLUMN: (SECOND,), PAIR: (FIRST, SECOND)}
KINDS = {
    (): CONSTANT,
    (1,): CONSTANT,
    (1, 1): CONSTANT,
    (FIRST,): ROW,
    (FIRST, 1): ROW,
    (SECOND,): COLUMN,
    (1, SECOND): COLUMN,
    (FIRST, SECOND): PAIR,
}
SAME = {"broadcast_in_dim", "reshape", "squeeze", "stop_gradient", "copy", "copy_p"}
NAMES = {
    name: name
    for name in (
        *("add", "sub", "mul", "div", "max", "min", "lt", "le", "gt", "ge", "eq", "ne"),
        *("and", "or", "not", "neg", "abs", "sqrt", "atan"),
    )
} | {"add_any": "add"}
INLINED = {"jit", "pjit", "closed_call", "custom_jvp_call", "custom_vjp_call", "remat"}
# Functions that are one operation of the machine.
FUSED = {"gap": gap.__wrapped__, "rectified": rectified.__wrapped__}


class UnknownFormulaError(Exception):
    """The function does more than arithmetic of single pairs."""


def trace(function: Callable[..., Any], dtype: str, kinds: dict[str, int]) -> tuple[Graph, Any]:
    """The graph of a function, and its results as nodes of it.

    Args:
        function: of arrays by name, written in JAX, elementwise in pairs.
        dtype: of the arrays.
        kinds: what each argument belongs to.

    Raises:
        UnknownFormulaError: the function does something else, or uses unknown operations.
    """
    graph = Graph()
    shapes = {name: jax.ShapeDtypeStruct(SHAPES[kind], dtype) for name, kind in kinds.items()}
    closed, structure = jax.make_jaxpr(lambda given: function(**given), return_shape=True)(shapes)
    # Dictionaries are flattened by the order of their keys.
    given = [graph.input(name, kinds[name]) for name in sorted(kinds)]
    results = _read(graph, closed.jaxpr, closed.consts, given)
    return graph, jax.tree.unflatten(jax.tree.structure(structure), results)


def _read(graph: Graph, jaxpr: Any, consts: Iterable[Any], given: list[Node]) -> list[Node]:
    known: dict[Any, Node] = dict(zip(jaxpr.invars, given, strict=True))
    for variable, value in zip(jaxpr.constvars, consts, strict=True):
        known[variable] = _constant(graph, value)

    def node(atom: Any) -> Node:
        return _constant(graph, atom.val) if isinstance(atom, core.Literal) else known[atom]

    for equation in jaxpr.eqns:
        results = _apply(graph, equation, [node(v) for v in equation.invars])
        for variable, result in zip(equation.outvars, results, strict=True):
            kind = KINDS.get(variable.aval.shape)
            if kind is None or kind | result.kind != kind:
                raise UnknownFormulaError(equation.primitive.name)
            known[variable] = result
    return [node(v) for v in jaxpr.outvars]


def _constant(graph: Graph, value: Any) -> Node:
    number = np.asarray(value)
    if number.size != 1:
        raise UnknownFormulaError("an array of constants")
    return graph.constant(float(number.reshape(())))


def _apply(graph: Graph, equation: Any, given: list[Node]) -> list[Node]:
    name, params = equation.primitive.name, equation.params
    if name in INLINED:
        return _inlined(graph, equation, given)
    if name in NAMES:
        result = graph.apply(NAMES[name], *given)
    elif name in SAME or (name == "convert_element_type" and _keeps(equation)):
        result = given[0]
    elif name == "select_n" and len(given) == 3:
        result = graph.apply("select", given[0], given[2], given[1])
    elif name == "square" or (name == "integer_pow" and params["y"] == 2):
        result = graph.apply("mul", given[0], given[0])
    else:
        raise UnknownFormulaError(name)
    return [result]


def _keeps(equation: Any) -> bool:
    """Whether a conversion changes no number."""
    before, after = (v.aval.dtype for v in (equation.invars[0], equation.outvars[0]))
    return before == after or (before.kind == "b" and after.kind == "f")


def _inlined(graph: Graph, equation: Any, given: list[Node]) -> list[Node]:
    inner = equation.params.get("jaxpr", equation.params.get("call_jaxpr"))
    if not isinstance(inner, core.ClosedJaxpr) or len(inner.jaxpr.invars) != len(given):
        raise UnknownFormulaError(equation.primitive.name)
    results = _read(graph, inner.jaxpr, inner.consts, given)
    name = equation.params.get("name")
    if name not in FUSED or not any(result.kind == PAIR for result in results):
        return results
    # Others may have given a function of theirs this name.
    shapes = tuple((v.aval.shape, v.aval.dtype.name) for v in equation.invars)
    own = _own(name, shapes)
    if own is None or _read(graph, own.jaxpr, own.consts, given) != results:
        return results
    return graph.fused(name, tuple(given), results)


@functools.cache
def _own(name: str, shapes: tuple[tuple[tuple[int, ...], str], ...]) -> Any:
    try:
        given = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in shapes]
        return jax.make_jaxpr(FUSED[name])(*given)
    except (TypeError, ValueError):
        return None
