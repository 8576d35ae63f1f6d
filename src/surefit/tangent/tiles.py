"""Matrices made tile by tile on all processors; symmetric ones by one triangle.

A tile stays in cache through all that is computed for it. Each thread takes a few tiles at a time
through one compiled loop and writes them into the matrices, which no other thread reads.
"""

from __future__ import annotations

import functools
import gc
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from surefit.core.processors import processors

__all__ = [
    "below",
    "block",
    "empty",
    "fill",
    "found_in",
    "on_processor",
    "placed",
    "size_for",
    "starts",
]

# Tiles that a thread computes before it writes them.
CHUNK = 4
# The tiles of a chunk are small; dividing each of them among threads costs more than it gains.
OPTIONS = {"xla_cpu_multi_thread_eigen": False}
# Bytes; memory on another boundary is copied.
ALIGNMENT = 64
# Matrices before which it is worth looking for memory that is free.
LARGE_BYTES = 2**22
# Rows and columns of a tile on an accelerator, which has no cache to stay in.
LARGE = 2048

Tile = Float[Array, "a b"]
Places = tuple[Int[np.ndarray, "t 2"], int, int]


def size_for(x: Array, size: int) -> int:
    """`size` on a processor, tiles that are worth a launch elsewhere."""
    return size if on_processor(x) else LARGE


def placed(matrix: Float[np.ndarray, "..."] | None, x: Array) -> Float[Array, "..."] | None:
    """A matrix as a JAX array where `x` is, without a copy on a processor; None stays None.

    The memory is given away: nobody may write to `matrix` afterwards.
    """
    return None if matrix is None else jax.device_put(matrix, next(iter(x.devices())))


def on_processor(x: Array) -> bool:
    """Whether the array is in the memory of the processor."""
    return all(device.platform == "cpu" for device in x.devices())


def starts(n1: int, n2: int, size: int, symmetric: bool) -> Places:
    """First rows and columns of the tiles that cover a matrix, and the shape of all of them.

    The last tiles overlap the ones before, so that all have one shape. Of a symmetric matrix those
    that reach the lower triangle.
    """
    (rows, height), (columns, width) = (_axis(n, size) for n in (n1, n2))
    pairs = [(i, j) for i in rows for j in columns if not symmetric or j <= i]
    return np.array(pairs, np.int32).reshape(-1, 2), height, width


def below(i: Array | int, j: Array | int, height: int, width: int) -> Bool[Array, "a b"]:
    """Where a tile is strictly below the diagonal of its matrix."""
    return _count(i, height)[:, None] > _count(j, width)[None, :]


def _count(start: Array | int, size: int) -> Int[Array, " a"]:
    return start + jnp.arange(size, dtype=jnp.int32)


def block(v: Float[Array, "n ..."], start: Array, size: int) -> Float[Array, "a ..."]:
    """Some consecutive entries."""
    return jax.lax.dynamic_slice_in_dim(v, start, size)


def found_in(
    tiles: Places,
    marks: Bool[np.ndarray, " t"],
    masks: Callable[[np.int32, np.int32], tuple[Bool[Array, "a b"], Bool[Array, "a b"]]],
) -> tuple[Int[np.ndarray, "p 2"], Bool[np.ndarray, " p"]]:
    """The entries that the first mask of marked tiles names, and their value in the second."""
    found, flags = [np.zeros((0, 2), int)], [np.zeros(0, bool)]
    for i, j in tiles[0][marks]:
        chosen, flag = masks(i, j)
        inside = np.argwhere(np.asarray(chosen))
        found.append(inside + np.array([i, j]))
        flags.append(np.asarray(flag)[inside[:, 0], inside[:, 1]])
    # Tiles overlap.
    pairs, first = np.unique(np.concatenate(found), axis=0, return_index=True)
    return pairs, np.concatenate(flags)[first]


def _axis(n: int, size: int) -> tuple[list[int], int]:
    count = max(1, math.ceil(n / size))
    length = math.ceil(n / count)
    return [min(k * length, n - length) for k in range(count)], length


def fill(
    tile: Callable[..., tuple[tuple[Tile, ...], Bool[Array, ""]]],
    static: tuple[Any, ...],
    operands: PyTree[Array],
    tiles: Places,
    shape: tuple[int, int],
    symmetric: bool,
) -> tuple[tuple[Float[np.ndarray, "n1 n2"], ...], Bool[np.ndarray, " t"]]:
    """Matrices of one shape.

    Args:
        tile: `tile(*static, i, j, *operands)`, from the first row `i` and the first column `j` of a
            tile to its values, one array for each matrix, and a mark. A function of a module, whose
            compiled form is kept.
        static: its first arguments, known when it is compiled; hashable.
        operands: its last arguments, arrays.
        tiles: what `starts` said.
        shape: of the matrices.
        symmetric: whether every tile is mirrored; entries come from the lower triangle.

    Returns:
        The matrices, and the mark of every tile.
    """
    places = tiles[0]
    threads = max(1, min(processors(), len(places)))
    size = max(1, min(CHUNK, len(places) // threads))
    # All chunks have equally many tiles: the first tile again where one is missing.
    order = np.resize(np.arange(len(places)), -(-len(places) // size) * size)
    order[len(places) :] = 0
    leaves, structure = jax.tree.flatten(operands)
    program = _compiled(
        tile, static, size, structure, tuple((v.shape, np.dtype(v.dtype)) for v in leaves)
    )
    marks = np.zeros(len(places), bool)
    matrices: list[np.ndarray] = []

    def work(numbers: Int[np.ndarray, " c"]) -> tuple[np.ndarray, ...]:
        values, mark = program(jnp.asarray(places[numbers]), leaves)
        marks[numbers] = np.asarray(mark)
        return tuple(map(np.asarray, values))

    def put(numbers: Int[np.ndarray, " c"], values: tuple[np.ndarray, ...]) -> None:
        for matrix, tiles_of_matrix in zip(matrices, values, strict=True):
            for number, value in zip(numbers, tiles_of_matrix, strict=True):
                _write(matrix, value, places[number], symmetric)

    chunks = order.reshape(-1, size)
    first = work(chunks[0])
    matrices += [empty(shape, value.dtype) for value in first]
    put(chunks[0], first)
    with ThreadPoolExecutor(threads) as pool:
        # The list asks for the results, so that errors are raised here.
        list(pool.map(lambda numbers: put(numbers, work(numbers)), chunks[1:]))
    return tuple(matrices), marks


def empty(shape: tuple[int, int], dtype: np.dtype) -> Float[np.ndarray, "n1 n2"]:
    """A matrix without values, aligned so that JAX takes its memory over without a copy."""
    length = math.prod(shape) * dtype.itemsize
    if length >= LARGE_BYTES:
        # JAX gives back the memory of arrays that are gone when Python collects garbage.
        gc.collect(0)
    memory = np.empty(length + ALIGNMENT, np.uint8)
    skip = -memory.ctypes.data % ALIGNMENT
    return memory[skip : skip + length].view(dtype).reshape(shape)


@functools.lru_cache(maxsize=32)
def _compiled(
    tile: Callable[..., tuple[tuple[Tile, ...], Bool[Array, ""]]],
    static: tuple[Any, ...],
    size: int,
    structure: Any,
    leaves: tuple[tuple[tuple[int, ...], np.dtype], ...],
) -> Callable[..., tuple[tuple[Float[Array, "c a b"], ...], Bool[Array, " c"]]]:
    """The tiles of a chunk one after the other, compiled once for all threads."""

    def run(places: Int[Array, "c 2"], leaves: list[Array]) -> Any:
        operands = jax.tree.unflatten(structure, leaves)
        return jax.lax.map(lambda place: tile(*static, place[0], place[1], *operands), places)

    arrays = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in leaves]
    places = jax.ShapeDtypeStruct((size, 2), np.int32)
    return jax.jit(run).lower(places, arrays).compile(compiler_options=OPTIONS)


def _write(
    matrix: Float[np.ndarray, "n1 n2"],
    value: Float[np.ndarray, "a b"],
    place: Int[np.ndarray, " 2"],
    symmetric: bool,
) -> None:
    """A tile, less what it shares with the tile before: every entry has one writer."""
    rows, columns = (
        slice(-(-start // length) * length, start + length)
        for start, length in zip(place.tolist(), value.shape, strict=True)
    )
    value = value[rows.start - place[0] :, columns.start - place[1] :]
    if not symmetric:
        matrix[rows, columns] = value
    elif rows.start > columns.start:
        matrix[rows, columns] = value
        matrix[columns, rows] = value.T
    else:
        matrix[rows, columns] = np.tril(value) + np.tril(value, -1).T
