"""Matrices made by the machine, tile by tile on all processors."""

from __future__ import annotations

import ctypes
import functools
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float, Int
from threadpoolctl import ThreadpoolController

from surefit.core.processors import processors
from surefit.tangent.formulas.graph import Node, Values, evaluate
from surefit.tangent.native.library import Job, Library
from surefit.tangent.native.program import Program
from surefit.tangent.tiles import empty

__all__ = ["SIZE", "fill", "values_of"]

# Rows and columns of a tile: its products stay in the second cache.
SIZE = 256
# All processors are taken, and the number of the library's threads is one for all.
ALONE = threading.Lock()


def fill(
    machine: Library,
    program: Program,
    y1: Float[np.ndarray, "n d"],
    y2: Float[np.ndarray, "m d"],
    rows: Float[np.ndarray, "n r"],
    columns: Float[np.ndarray, "c m"],
    symmetric: bool,
) -> tuple[tuple[Float[np.ndarray, "n m"], ...], Int[np.ndarray, "p 3"]]:
    """The program's results for all pairs of rows.

    Args:
        machine: what runs the program.
        program: what it runs.
        y1: rows whose products with those of `y2` the program is given.
        y2: the others.
        rows: the values that belong to rows, see `Program.rows`.
        columns: those that belong to columns.
        symmetric: whether the matrices are; then the lower triangle is computed.

    Returns:
        The matrices, and row, column and mark of every marked pair, of symmetric matrices those
        below the diagonal.

    Cost: the products, half of them for symmetric matrices, and the program per pair. Each thread
        holds one tile.
    """
    n, m = len(y1), len(y2)
    matrices = tuple(empty((n, m), y1.dtype) for _ in program.results)
    job = _job(program, rows, columns, matrices, symmetric)
    run = machine.run[y1.dtype.name]
    places = [
        (i, j) for i in range(0, n, SIZE) for j in range(0, m, SIZE) if not symmetric or j <= i
    ]
    threads = max(1, min(processors(), len(places)))
    # Threads take the next one when they are done with one.
    waiting = iter(places)

    def work(_: int) -> list[np.ndarray]:
        shape = min(SIZE, n), min(SIZE, m)
        products, found = np.empty(shape, y1.dtype), np.empty((shape[0] * shape[1], 3), np.int32)
        every = []
        for i, j in waiting:
            height, width = min(SIZE, n - i), min(SIZE, m - j)
            np.matmul(y1[i : i + height], y2[j : j + width].T, out=products[:height, :width])
            count = run(
                ctypes.byref(job), products.ctypes.data, shape[1], i, i + height, j, j + width,
                found.ctypes.data,
            )  # fmt: skip
            if count < 0:
                raise MemoryError("no memory for the registers of a tile")
            every.append(found[:count].copy())
        return every

    with ALONE, _blas().limit(limits=1), ThreadPoolExecutor(threads) as pool:
        parts = [part for share in pool.map(work, range(threads)) for part in share]
        return matrices, np.concatenate(parts)


def values_of(
    nodes: Sequence[Node], inputs: dict[str, Values], count: int, dtype: str
) -> Float[np.ndarray, "k count"]:
    """Values of nodes that belong to each of so many examples."""
    found = np.empty((len(nodes), count), dtype)
    for row, values in zip(found, evaluate(nodes, inputs, dtype), strict=True):
        row[:] = values
    return found


@functools.cache
def _blas() -> ThreadpoolController:
    """Threads of our own do the products of tiles, each with one of the library's."""
    return ThreadpoolController().select(user_api="blas")


def _job(
    program: Program,
    rows: Float[np.ndarray, "n r"],
    columns: Float[np.ndarray, "c m"],
    matrices: Sequence[Float[np.ndarray, "n m"]],
    symmetric: bool,
) -> Job:
    """Of arrays that live longer than it."""
    assert rows.flags.c_contiguous and columns.flags.c_contiguous
    job = Job(
        code=program.code.ctypes.data,
        pool=program.pool.ctypes.data,
        columns=columns.ctypes.data,
        rows=rows.ctypes.data,
        stride=columns.shape[1],
        width=matrices[0].shape[1],
        length=len(program.code),
        registers=program.registers,
        column_values=len(columns),
        row_values=rows.shape[1],
        constants=program.constants,
        outputs=len(matrices),
        mark=program.mark,
        symmetric=int(symmetric),
    )
    for k, matrix in enumerate(matrices):
        job.out[k] = matrix.ctypes.data
        job.result[k] = program.results[k]
    return job
