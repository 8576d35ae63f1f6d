"""Programs of the machine (machine.c) for graphs of pairs."""

from __future__ import annotations

import dataclasses
import functools
import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from jaxtyping import Float, Int

from surefit.activations.fast_arc_cosine import coefficients
from surefit.tangent.formulas.graph import COLUMN, CONSTANT, PAIR, ROW, Node

__all__ = ["Program", "arctangent", "compiled"]

# The same operation with its first operands exchanged: one number comes last.
EXCHANGED = {
    name: name for name in ("add", "mul", "max", "min", "eq", "ne", "and", "or", "fma", "fnma")
}
EXCHANGED |= {"sub": "rsub", "div": "rdiv", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
# Terms of the arcus tangent in Chebyshev polynomials; the last ones are below half a unit.
TERMS = {"float64": 23, "float32": 10}

# What an operand is, and its number among those.
Place = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class Program:
    """Instructions, and what they need.

    Args:
        code: the instructions.
        pool: constants, then coefficients of polynomials.
        constants: how many constants.
        rows: what belongs to rows, in the order of its numbers.
        columns: what belongs to columns.
        registers: how many there are; the products are in the first.
        results: registers of the results.
        mark: register of the mark; -1: none.
    """

    code: Int[np.ndarray, " c"]
    pool: Float[np.ndarray, " p"]
    constants: int
    rows: tuple[Node, ...]
    columns: tuple[Node, ...]
    registers: int
    results: tuple[int, ...]
    mark: int


@dataclasses.dataclass(frozen=True)
class _Line:
    name: str
    results: tuple[int, ...]
    operands: tuple[Place, ...]
    polynomials: tuple[int, ...] = ()
    count: int = 0


def compiled(
    results: Sequence[Node],
    mark: Node | None,
    product: Node,
    dtype: str,
    operations: dict[str, int],
) -> Program:
    """The program of some results.

    Args:
        results: what is written into matrices.
        mark: of pairs that are to be found; None: none.
        product: the input that products of rows are.
        dtype: of the numbers.
        operations: numbers of the machine's operations by name.
    """
    wanted = [*results, *([] if mark is None else [mark])]
    nodes = _ordered(wanted)
    writer = _Writer(product, dtype, _products_within(nodes, wanted))
    for node in nodes:
        if node.kind == PAIR and node is not product:
            writer.write(node)
    ends = [writer.register(node) for node in wanted]
    registers, count = _registers(writer.lines, ends)
    # Vectors come first, then numbers.
    begin = {"value": 0, "column": count, "row": count + len(writer.known["column"])}
    begin["constant"] = begin["row"] + len(writer.known["row"])
    constants = [float(node.value) for node in writer.known["constant"]]
    code: list[int] = []
    for line in writer.lines:
        code += [operations[line.name], *(registers[v] for v in line.results)]
        for kind, number in line.operands:
            code.append(registers[number] if kind == "value" else begin[kind] + number)
        if line.count:
            code += [*(len(constants) + v for v in line.polynomials), line.count]
    places = [registers[number] for number in ends]
    return Program(
        np.array(code, np.int32),
        np.array(constants + writer.coefficients, dtype),
        len(constants),
        tuple(writer.known["row"]),
        tuple(writer.known["column"]),
        count,
        tuple(places[: len(results)]),
        -1 if mark is None else places[-1],
    )


class _Writer:
    """Lines on values that are numbered in the order of their making; the products are 0."""

    def __init__(self, product: Node, dtype: str, within: dict[Node, Node]) -> None:
        self.dtype, self.within, self.product = dtype, within, product
        self.skipped = set(within.values())
        self.lines: list[_Line] = []
        self.coefficients: list[float] = []
        self.known: dict[str, dict[Node, int]] = {"row": {}, "column": {}, "constant": {}}
        self._values: dict[Node, int] = {product: 0}
        self._together: dict[tuple[Node, ...], int] = {}
        self._places: dict[tuple[float, ...], int] = {}
        self._made = 1

    def write(self, node: Node) -> None:
        """What computes a node whose operands are there."""
        if node in self.skipped:
            return
        a, *rest = node.operands
        if node.name == "rectified":
            self._values[node] = self._rectified(node.operands) + node.item
        elif node.name in ("horner", "clenshaw"):
            operands = [("value", self.register(v)) for v in node.operands]
            self._values[node] = self._line(node.name, operands, node.value)
        elif node.name == "atan":
            self._values[node] = self._line("atan", [self.vector(a)], (arctangent(self.dtype),))
        elif node in self.within:
            product = self.within[node]
            other = rest[0] if product is a else a
            name = "fma" if node.name == "add" else "fnma"
            self._values[node] = self._operation(name, *product.operands, other)
        else:
            self._values[node] = self._operation(node.name, *node.operands)

    def _operation(self, name: str, *operands: Node) -> int:
        first, *rest = operands
        if name in EXCHANGED and _is_number(first) and not _is_number(rest[0]):
            first, rest[0], name = rest[0], first, EXCHANGED[name]
        return self._line(name, [self.vector(first), *map(self._place, rest)])

    def _rectified(self, operands: tuple[Node, ...]) -> int:
        """The first of its three results, which are made together."""
        if operands not in self._together:
            # Covariance, roots and inverses of the second, and distance are vectors.
            vectors = {0, 2, 4, 6, 7}
            places = [
                self.vector(v) if k in vectors else self._place(v) for k, v in enumerate(operands)
            ]
            first = self._line("rectified", places, coefficients(self.dtype), results=3)
            self._together[operands] = first
        return self._together[operands]

    def _line(
        self,
        name: str,
        operands: list[Place],
        polynomials: Sequence[tuple[float, ...]] = (),
        results: int = 1,
    ) -> int:
        made = tuple(range(self._made, self._made + results))
        self._made += results
        count = max(map(len, polynomials), default=0)
        places = tuple(self._polynomial((*p, *[0.0] * (count - len(p)))) for p in polynomials)
        self.lines.append(_Line(name, made, tuple(operands), places, count))
        return made[0]

    def _polynomial(self, polynomial: tuple[float, ...]) -> int:
        if polynomial not in self._places:
            self._places[polynomial] = len(self.coefficients)
            self.coefficients += polynomial
        return self._places[polynomial]

    def _place(self, node: Node) -> Place:
        if node.kind == PAIR:
            return "value", self._values[node]
        kind = {ROW: "row", COLUMN: "column", CONSTANT: "constant"}[node.kind]
        return kind, self.known[kind].setdefault(node, len(self.known[kind]))

    def vector(self, node: Node) -> Place:
        """Where a vector of the node's values is."""
        place = self._place(node)
        return ("value", self._line("splat", [place])) if _is_number(node) else place

    def register(self, node: Node) -> int:
        """The number of a value that has a whole register."""
        kind, number = self.vector(node)
        if kind == "value" and number > 0:
            return number
        return self._line("copy", [(kind, number)])


def _is_number(node: Node) -> bool:
    return node.kind in (ROW, CONSTANT)


def _ordered(wanted: Sequence[Node]) -> list[Node]:
    """The nodes of pairs that are needed, operands first."""
    order: dict[Node, None] = {}
    stack = list(reversed(wanted))
    while stack:
        missing = [v for v in stack[-1].operands if v.kind == PAIR and v not in order]
        if missing:
            stack += missing
        else:
            order.setdefault(stack.pop())
    return list(order)


def _products_within(nodes: Sequence[Node], wanted: Sequence[Node]) -> dict[Node, Node]:
    """Sums and differences, each with the product that is made nowhere else and goes into it."""
    uses = Counter(v for node in nodes for v in node.operands)
    uses.update(wanted)
    found = {}
    for node in nodes:
        if node.name in ("add", "sub"):
            for one in node.operands if node.name == "add" else node.operands[1:]:
                if one.name == "mul" and one.kind == PAIR and uses[one] == 1:
                    found[node] = one
                    break
    return found


def _registers(lines: Sequence[_Line], ends: Sequence[int]) -> tuple[dict[int, int], int]:
    """A register for each value, given back when the value is used no more; and how many."""
    last = {v: k for k, line in enumerate(lines) for v in line.results}
    for k, line in enumerate(lines):
        last.update({v: k for kind, v in line.operands if kind == "value"})
    last.update(dict.fromkeys((*ends, 0), len(lines)))
    found, free, count = {0: 0}, [], 1
    for k, line in enumerate(lines):
        used = {v for kind, v in line.operands if kind == "value"}
        free += [found[v] for v in sorted(used) if last[v] == k]
        for v in line.results:
            if not free:
                free.append(count)
                count += 1
            found[v] = free.pop()
        free += [found[v] for v in line.results if last[v] == k]
    return found, count


@functools.cache
def arctangent(dtype: str) -> tuple[float, ...]:
    r"""Coefficients of $P$ with $\arctan x = x P(x^2)$ on [-1, 1], constant term first.

    $\arctan x = 2\sum_k \frac{(-1)^k q^{2k+1}}{2k+1} T_{2k+1}(x)$ with $q = \sqrt2 - 1$, cut off
    and written in powers by exact arithmetic.
    """
    scale = 10**60
    q = Fraction(math.isqrt(2 * scale**2), scale) - 1
    total = [Fraction(0)] * TERMS[dtype]
    # T_1 and T_{-1} per x, in powers of x^2.
    before, now = [Fraction(1)], [Fraction(1)]
    for k in range(TERMS[dtype]):
        for power, c in enumerate(now):
            total[power] += 2 * (-1) ** k * q ** (2 * k + 1) / (2 * k + 1) * c
        # T_{n+2} = (4x^2 - 2) T_n - T_{n-2}.
        new = [Fraction(0)] * (len(now) + 1)
        for power, c in enumerate(now):
            new[power] -= 2 * c
            new[power + 1] += 4 * c
        for power, c in enumerate(before):
            new[power] -= c
        before, now = now, new
    kind = np.dtype(dtype).type
    return tuple(float(kind(float(c))) for c in total)
