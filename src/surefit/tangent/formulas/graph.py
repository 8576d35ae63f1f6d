"""Formulas of pairs as graphs of elementwise operations, each written once.

A value belongs to all pairs (`CONSTANT`), to the first (`ROW`) or to the second example of a pair
(`COLUMN`), or to the pair (`PAIR`). Only the last ones are the work of a program; all others are
known per example.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Shaped

__all__ = ["COLUMN", "CONSTANT", "PAIR", "ROW", "Graph", "Node", "evaluate"]

CONSTANT, ROW, COLUMN, PAIR = 0, 1, 2, 3

# Numbers, or truth values of marks.
Values = Shaped[np.ndarray, "..."]


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """An operation on other nodes.

    Args:
        name: of the operation; `input` and `constant` have no operands.
        operands: of the operation.
        kind: what its value belongs to.
        value: of a constant; of an input, its name; of a polynomial, its coefficients and those
            where its second operand is not 0.
        item: which result, of operations with several.
        meaning: the same value by simpler operations.
    """

    name: str
    operands: tuple[Node, ...]
    kind: int
    value: Any = 0.0
    item: int = 0
    meaning: Node | None = None


OPERATIONS: dict[str, Callable[..., Values]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "max": np.maximum,
    "min": np.minimum,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
    "neg": np.negative,
    "abs": np.abs,
    "sqrt": np.sqrt,
    "atan": np.arctan,
    "select": np.where,
}


class Graph:
    """Nodes of formulas; what is written twice is one node."""

    def __init__(self) -> None:
        self._known: dict[tuple, Node] = {}

    def input(self, name: str, kind: int) -> Node:
        """A given value."""
        return self._node("input", (), kind, name)

    def constant(self, value: float) -> Node:
        """A number."""
        return self._node("constant", (), CONSTANT, float(value))

    def apply(self, name: str, *operands: Node) -> Node:
        """An operation of `OPERATIONS`, done at once where its operands are numbers."""
        kind = 0
        for operand in operands:
            kind |= operand.kind
        if kind == CONSTANT:
            with np.errstate(all="ignore"):
                return self.constant(OPERATIONS[name](*(np.float64(o.value) for o in operands)))
        return self._simpler(name, operands) or self._node(name, operands, kind)

    def fused(self, name: str, operands: tuple[Node, ...], meanings: Sequence[Node]) -> list[Node]:
        """The results of one operation that stands for several."""
        return [
            self._node(name, operands, meaning.kind, 0.0, item, meaning)
            for item, meaning in enumerate(meanings)
        ]

    def polynomial(
        self, z: Node, other: Node, pair: Sequence[tuple[float, ...]], rule: str
    ) -> Node:
        """A polynomial of z, or a second one where `other` is not 0.

        Args:
            z: argument.
            other: which of the two.
            pair: coefficients of both, constant term first.
            rule: `horner` for powers, `clenshaw` for Chebyshev's polynomials.
        """
        return self._node(rule, (z, other), PAIR, tuple(pair))

    def _simpler(self, name: str, operands: tuple[Node, ...]) -> Node | None:
        """The same value with less work; what it is does not depend on the kinds of operands.

        A feature's covariance with itself and its variance then are the same number.
        """
        a, b = operands[0], operands[-1]
        found = None
        if name in ("add", "mul") and a.name == "constant":
            a, b = b, a
        if (name in ("add", "sub") and _is(b, 0.0)) or (name == "mul" and _is(b, 1.0)):
            found = a
        elif name == "mul" and _is(b, 0.0):
            found = b
        elif name == "add" and b.name == "sub" and b.operands[1] is a:
            # a + (max(a, 0) - a), by which derivatives pass a maximum.
            found = b.operands[0] if b.operands[0].name == "max" else None
        elif name == "div" and b.name == "constant" and b.value:
            found = self.apply("mul", a, self.constant(1.0 / float(b.value)))
        elif name == "div" and b.name != "constant" and not _is(a, 1.0):
            # Quotients by the same number share its inverse.
            found = self.apply("mul", a, self.apply("div", self.constant(1.0), b))
        return found

    def _node(
        self,
        name: str,
        operands: tuple[Node, ...],
        kind: int,
        value: Any = 0.0,
        item: int = 0,
        meaning: Node | None = None,
    ) -> Node:
        # Minus zero is not zero, and what is not a number is one constant.
        shown = value.hex() if isinstance(value, float) else value
        key = (name, *map(id, operands), kind, shown, item)
        if key not in self._known:
            self._known[key] = Node(name, operands, kind, value, item, meaning)
        return self._known[key]


def _is(node: Node, value: float) -> bool:
    return (
        node.name == "constant"
        and node.value == value
        and math.copysign(1.0, float(node.value)) == 1.0
    )


def evaluate(nodes: Sequence[Node], inputs: dict[str, Values], dtype: str) -> list[Values]:
    """The values of nodes by NumPy.

    Args:
        nodes: what is wanted.
        inputs: values of the inputs, which broadcast against each other: of many rows, or of pairs.
        dtype: of the values.
    """
    order = _ordered(nodes)
    left = Counter(v for node in order for v in _needed(node))
    left.update(nodes)
    known: dict[Node, Values] = {}
    kind = np.dtype(dtype).type
    with np.errstate(all="ignore"):
        for node in order:
            given = [known[v] for v in _needed(node)]
            if node.name == "input":
                known[node] = inputs[str(node.value)]
            elif node.name == "constant":
                known[node] = kind(node.value)
            else:
                known[node] = given[0] if node.meaning else OPERATIONS[node.name](*given)
            for v in _needed(node):
                left[v] -= 1
                if not left[v]:
                    del known[v]
    return [np.asarray(known[node]) for node in nodes]


def _needed(node: Node) -> tuple[Node, ...]:
    return node.operands if node.meaning is None else (node.meaning,)


def _ordered(nodes: Sequence[Node]) -> list[Node]:
    """The nodes that are needed, operands first."""
    order: dict[Node, None] = {}
    stack = list(nodes)
    while stack:
        missing = [v for v in _needed(stack[-1]) if v not in order]
        if missing:
            stack += missing
        else:
            order.setdefault(stack.pop())
    return list(order)
