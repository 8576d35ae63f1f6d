"""Blocks of a kernel of images: which there are, who computes them, and the matrix they make."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from surefit.core.layer import Shape
from surefit.core.processors import processors
from surefit.tangent.images.blocks import compiled_pairs
from surefit.tangent.images.plan import Plan

__all__ = ["assembled", "in_threads", "pairs_of_blocks"]


def pairs_of_blocks(n1: int, n2: int, b: int, symmetric: bool) -> Int[np.ndarray, "jobs 2"]:
    """Pairs (row, block); of a symmetric matrix those that reach the lower triangle."""
    i, k = np.meshgrid(np.arange(n1), np.arange(-(-n2 // b)), indexing="ij")
    wanted = (k * b <= i) if symmetric else np.ones_like(k, bool)
    return np.stack([i[wanted], k[wanted]], axis=1).astype(np.int32)


def in_threads(
    steps: Plan,
    space: Shape,
    tangent: bool,
    rows: tuple,
    columns: tuple,
    jobs: Int[np.ndarray, "jobs 2"],
) -> tuple[np.ndarray, np.ndarray]:
    """Both kernels (jobs, b), the jobs dealt out to as many threads as there are processors."""
    threads = max(1, min(processors(), len(jobs)))
    # All threads have equally many: the first job again where one is missing.
    short = -len(jobs) % threads
    dealt = np.concatenate([jobs, np.repeat(jobs[:1], short, axis=0)])
    parts = [jnp.asarray(dealt[k::threads]) for k in range(threads)]
    shapes = jax.tree.map(
        lambda v: jax.ShapeDtypeStruct(v.shape, v.dtype), (rows, columns, parts[0])
    )
    run = compiled_pairs(steps, space, tangent, *shapes)
    always = jnp.asarray(True)
    with ThreadPoolExecutor(threads) as pool:
        futures = [
            pool.submit(lambda p: jax.block_until_ready(run(rows, columns, p, always)), part)
            for part in parts
        ]
        found = [future.result() for future in futures]
    both = []
    for k in range(2):
        merged = np.empty((len(dealt), *found[0][k].shape[1:]), found[0][k].dtype)
        for thread, pair in enumerate(found):
            merged[thread::threads] = np.asarray(pair[k])
        both.append(merged[: len(jobs)])
    return tuple(both)


def assembled(
    jobs: Int[np.ndarray, "jobs 2"],
    values: np.ndarray,
    own: np.ndarray,
    n2: int,
    symmetric: bool,
    equal: tuple[np.ndarray, np.ndarray],
) -> Float[Array, "n1 n2"]:
    """The matrix from its blocks, with equal images given what an image has with itself."""
    n1, b = len(own), values.shape[1]
    matrix = np.zeros((n1, -(-n2 // b), b), values.dtype)
    matrix[jobs[:, 0], jobs[:, 1]] = values
    matrix = matrix.reshape(n1, -1)[:, :n2]
    if symmetric:
        matrix = np.tril(matrix, -1)
        matrix += matrix.T.copy()
    matrix[equal] = own[equal[0]]
    return jnp.asarray(matrix)
