"""Computes the blocks that are missing, here or on a Dask cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Shaped

from surefit.errors import InvalidInputError
from surefit.tangent.blocks.extra import extra
from surefit.tangent.blocks.kernels import BlockKernel
from surefit.tangent.blocks.store import GramStore

__all__ = ["fill"]


def fill(
    directory: Any,
    kernel: BlockKernel,
    x: Any,
    *,
    block: int = 1024,
    dtype: Any = None,
    client: Any = None,
    progress: Callable[[int, int], None] | None = None,
) -> GramStore:
    """The Gram matrix of a kernel on all examples, block by block on disk.

    Interrupt it at any moment, by a signal, a crash or a full disk, and call it again with the same
    arguments: finished blocks are not computed again. Calls for another kernel, other parameters or
    other examples are refused by the hash in the manifest.

    Args:
        directory: where the store lies or will lie; on a cluster all workers must see it.
        kernel: what to compute.
        x: the examples.
        block: examples per block. A block takes `block**2` numbers on disk, and what the kernel
            needs in memory.
        dtype: of the entries on disk; None: that of the examples.
        client: a `dask.distributed.Client`: every worker computes blocks and writes them itself.
            None: this process does.
        progress: called with the number of finished blocks and of all blocks after every block.

    Returns:
        The store, complete.

    Raises:
        InvalidInputError: examples that are not finite or not floating.
        StorageError: the directory holds another matrix, or cannot be written.
        MissingDependencyError: the extra `dask` is not installed.

    Cost:
        The kernel of one triangle of blocks; $n^2/2$ numbers on disk.
    """
    x = np.asarray(x)
    if not np.issubdtype(x.dtype, np.floating) or not np.isfinite(x).all():
        raise InvalidInputError(
            "`fill(x=...)` must be finite floating numbers. Got "
            f"{x.dtype if not np.issubdtype(x.dtype, np.floating) else 'NaN or infinity'}. Every "
            "pair with a bad example would be computed in vain. Clean the data first."
        )
    store = GramStore.create(
        directory,
        len(x),
        block,
        x.dtype if dtype is None else dtype,
        kernel.identity(x),
        kernel.describe(),
    )
    todo = store.missing()
    whole = store.count * (store.count + 1) // 2
    if client is None:
        for number, pair in enumerate(todo):
            _compute(store, kernel, x, *pair)
            if progress is not None:
                progress(whole - len(todo) + number + 1, whole)
        return store
    everywhere = client.scatter(x, broadcast=True)
    # Not pure: a task writes a block, and must run again after a block was lost.
    futures = [client.submit(_compute, store, kernel, everywhere, *p, pure=False) for p in todo]
    for number, future in enumerate(extra("distributed").as_completed(futures)):
        future.result()
        if progress is not None:
            progress(whole - len(todo) + number + 1, whole)
    return store


def _compute(
    store: GramStore, kernel: BlockKernel, x: Shaped[np.ndarray, "n ..."], i: int, j: int
) -> None:
    rows, columns = x[store.span(i)], x[store.span(j)]
    store.write(i, j, kernel(rows, None if i == j else columns))
