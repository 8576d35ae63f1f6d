"""Kernels through all layers, pair by pair, by the machine."""

from __future__ import annotations

import functools

import numpy as np
from jaxtyping import Array, Float

from surefit.core.kernel import Kernel
from surefit.core.layer import Layer
from surefit.tangent.close_pairs import half_squares, replace_entries
from surefit.tangent.formulas import formula
from surefit.tangent.formulas.graph import Values
from surefit.tangent.native.fill import fill, values_of
from surefit.tangent.native.library import Library
from surefit.tangent.native.program import Program, compiled
from surefit.tangent.tiles import placed

__all__ = ["layers_kernel"]


@functools.lru_cache(maxsize=64)
def _program(
    network: Layer, inputs: int, dtype: str, get: tuple[str, ...], operations: tuple[str, ...]
) -> Program:
    found = formula(network, inputs, dtype)
    results = [found.nodes[name] for name in get]
    numbers = {name: k for k, name in enumerate(operations)}
    return compiled(results, found.nodes["close"], found.product, dtype, numbers)


@np.errstate(all="ignore")
def layers_kernel(
    machine: Library,
    network: Layer,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> Kernel | None:
    """As `tiled_kernel`; None where `formula` has none."""
    d, dtype = x1.shape[1], x1.dtype.name
    found = formula(network, d, dtype)
    if found is None:
        return None
    program = _program(network, d, dtype, get, tuple(machine.operations))
    symmetric = x2 is None
    a = np.asarray(x1)
    mean = _worthwhile_mean(a)
    first = _prepared(a, mean)
    b, second = (a, first) if x2 is None else (np.asarray(x2), _prepared(np.asarray(x2), mean))
    (y1, half1, variance1, size1), (y2, half2, variance2, size2) = first, second
    given1 = {"half1": half1, "variance1": variance1, "size1": size1}
    given2 = {"half2": half2, "variance2": variance2, "size2": size2}
    rows = np.ascontiguousarray(values_of(program.rows, given1, len(a), dtype).T)
    columns = values_of(program.columns, given2, len(b), dtype)
    matrices, marked = fill(machine, program, y1, y2, rows, columns, symmetric)
    pairs = marked[:, :2].astype(np.int64)
    own1 = found.at(("variance1", *get), np.zeros_like(half1), variance1, variance1)
    if symmetric:
        own = {**dict(zip(get, own1[1:], strict=True)), "nngp": own1[0]}
        for name, matrix in zip(get, matrices, strict=True):
            np.fill_diagonal(matrix, own[name])
    if len(pairs):
        apart = half_squares(np.asarray(a, np.float64), np.asarray(b, np.float64), pairs) / d
        again = found.at(get, apart.astype(dtype), variance1[pairs[:, 0]], variance2[pairs[:, 1]])
        for matrix, value in zip(matrices, again, strict=True):
            # Equal rows have what a row has with itself, bit by bit.
            same = np.diagonal(matrix)[pairs[:, 0]] if symmetric else value
            replace_entries(matrix, pairs, np.where(apart > 0, value, same), symmetric)
    by_name = dict(zip(get, matrices, strict=True))
    ends = own1[0] if symmetric else found.at(("variance2",), *[0 * half2], variance2, variance2)[0]
    return Kernel(
        nngp=placed(by_name.get("nngp"), x1),
        ntk=placed(by_name.get("ntk"), x1),
        variance1=placed(own1[0], x1),
        variance2=placed(ends, x1),
        width=found.width,
        gaussian=found.gaussian,
        symmetric=symmetric,
    )


def _prepared(
    x: Float[np.ndarray, "n d"], mean: Float[np.ndarray, " d"] | None
) -> tuple[Float[np.ndarray, "n d"], Values, Values, Values]:
    """Rows less a mean, their half squares, variances and sizes."""
    d = x.shape[1]
    variance = np.einsum("nd,nd->n", x, x) / d
    y, half = x, variance / 2
    if mean is not None:
        y = x - mean
        half = np.einsum("nd,nd->n", y, y) / (2 * d)
    return y, half, variance, half / np.sqrt(np.where(variance > 0, np.sqrt(variance), 1))


def _worthwhile_mean(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " d"] | None:
    """The mean of the rows, if they are notably shorter without it, so that fewer digits cancel."""
    mean = x.mean(axis=0)
    return mean if 4 * len(x) * (mean @ mean) > np.vdot(x, x) else None
