"""Kernels that are one function of the angle, by the machine."""

from __future__ import annotations

import functools
import math

import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.tangent.close_pairs import replace_entries
from surefit.tangent.formulas.graph import COLUMN, PAIR, ROW, Graph, Node
from surefit.tangent.native.fill import fill, values_of
from surefit.tangent.native.library import Library
from surefit.tangent.native.program import Program, compiled
from surefit.tangent.rows import ALLOWED
from surefit.tangent.tiles import placed
from surefit.tangent.univariate import Univariate, again

__all__ = ["angle_kernel"]


@np.errstate(all="ignore")
def angle_kernel(
    machine: Library,
    found: Univariate,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> Kernel:
    """As `univariate_kernel`."""
    dtype, root = x1.dtype.name, x1.dtype.type(x1.shape[1] ** 0.5)
    program = _program(found, get, dtype, tuple(machine.operations))
    symmetric = x2 is None
    a = np.asarray(x1)
    norm1 = np.sqrt(np.einsum("nd,nd->n", a, a))
    mean = (_inverse(norm1) / a.dtype.type(len(a))) @ a
    y1, half1 = _prepared(a, norm1, mean)
    b, norm2, y2, half2 = a, norm1, y1, half1
    if x2 is not None:
        b = np.asarray(x2)
        norm2 = np.sqrt(np.einsum("nd,nd->n", b, b))
        y2, half2 = _prepared(b, norm2, mean)
    scale1, scale2 = norm1 / root, norm2 / root
    given = {"half1": half1, "scale1": scale1, "half2": half2, "scale2": scale2}
    rows = np.ascontiguousarray(values_of(program.rows, given, len(a), dtype).T)
    columns = values_of(program.columns, given, len(b), dtype)
    matrices, marked = fill(machine, program, y1, y2, rows, columns, symmetric)
    by_name = dict(zip(get, matrices, strict=True))
    if symmetric:
        for name, end in zip(("nngp", "ntk"), found.ends, strict=True):
            if name in by_name:
                np.fill_diagonal(by_name[name], scale1**2 * end)
    if len(marked):
        pairs, opposite = marked[:, :2].astype(np.int64), marked[:, 2] > 1
        scale = scale1[pairs[:, 0]] * scale2[pairs[:, 1]]
        values = again(found, a, b, pairs, opposite, get, scale)
        for matrix, value in zip(matrices, values, strict=True):
            replace_entries(matrix, pairs, value, symmetric)
    variance1 = placed(scale1**2 * found.ends[0], x1)
    return Kernel(
        nngp=placed(by_name.get("nngp"), x1),
        ntk=placed(by_name.get("ntk"), x1),
        variance1=variance1,
        variance2=variance1 if symmetric else placed(scale2**2 * found.ends[0], x1),
        width=found.width,
        gaussian=found.gaussian,
        symmetric=symmetric,
    )


def _inverse(norm: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return 1 / np.where(norm > 0, norm, 1)


def _prepared(
    x: Float[np.ndarray, "n d"], norm: Float[np.ndarray, " n"], mean: Float[np.ndarray, " d"]
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Rows on the unit sphere less a mean, and half their squares."""
    y = x * _inverse(norm)[:, None]
    y -= mean
    return y, np.einsum("nd,nd->n", y, y) / 2


@functools.lru_cache(maxsize=64)
def _program(
    found: Univariate, get: tuple[str, ...], dtype: str, operations: tuple[str, ...]
) -> Program:
    graph = Graph()
    number, do = graph.constant, graph.apply
    product = graph.input("product", PAIR)
    half1, half2 = graph.input("half1", ROW), graph.input("half2", COLUMN)
    scale = do("mul", graph.input("scale1", ROW), graph.input("scale2", COLUMN))
    # What is left of the correlation to 1, and to -1.
    rest = do("sub", do("add", half1, half2), product)
    other = do("sub", number(2.0), rest)
    negative = do("gt", rest, number(1.0))
    root = do("sqrt", do("max", do("min", rest, other), number(0.0)))
    z = _argument(graph, root, found.bend)
    values = []
    for name in get:
        pair = getattr(found, name)
        powers = all(p.powers for p in pair)
        length = max(p.degree for p in pair) + 1
        own = tuple(p.powers if powers else p.chebyshev for p in pair)
        padded = [(*c, *[0.0] * (length - len(c))) for c in own]
        rule = "horner" if powers else "clenshaw"
        values.append(do("mul", graph.polynomial(z, negative, padded, rule), scale))
    # `is_close` for differences, and for sums of the rows themselves.
    least = (2.0 / ALLOWED[dtype]) ** 2
    close = do("lt", rest, do("mul", do("mul", number(least), half1), half2))
    opposite = do("lt", other, number(least / 4))
    mark = do("add", do("mul", number(2.0), opposite), close)
    numbers = {name: k for k, name in enumerate(operations)}
    return compiled(values, mark, product, dtype, numbers)


def _argument(graph: Graph, root: Node, bend: float) -> Node:
    """As `surefit.tangent.univariate.fit.argument`, from the root."""
    number, do = graph.constant, graph.apply
    if math.isinf(bend):
        return do("sub", do("mul", number(2.0), root), number(1.0))
    share = do("div", root, do("add", root, number(bend)))
    return do("sub", do("mul", number(2.0 * (1.0 + bend)), share), number(1.0))
