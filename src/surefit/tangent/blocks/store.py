"""A symmetric matrix in blocks on disk; a block is there whole or not at all."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from surefit.core.memory import format_bytes, require_bytes
from surefit.errors import InvalidInputError, StorageError
from surefit.tangent.blocks.extra import extra
from surefit.tangent.blocks.marks import Marks, write_whole

__all__ = ["GramStore"]

_FORMAT = 1
_MANIFEST, _ARRAY, _DONE = "manifest.json", "gram.zarr", "done"


@dataclasses.dataclass(frozen=True)
class GramStore:
    """The lower triangle of a symmetric matrix, one Zarr chunk per block.

    The directory holds `manifest.json` (what the matrix is), `gram.zarr`, and in `done` a file per
    finished block with the SHA-256 of its bytes. The file appears after the block and in one step:
    whatever is interrupted, a block without its file counts as missing.

    Args:
        directory: where it lies.
        rows: of the matrix.
        block_rows: of a block; those of the last may be fewer.
        dtype: of the entries.
        identity: the hash of kernel, parameters and examples.
        kernel: what the kernel is, for people.
    """

    directory: Path
    rows: int
    block_rows: int
    dtype: np.dtype
    identity: str
    kernel: str

    @classmethod
    def create(
        cls, directory: Any, rows: int, block_rows: int, dtype: Any, identity: str, kernel: str
    ) -> GramStore:
        """A new store, or the one that is there already if it is for the same matrix.

        Raises:
            StorageError: the directory holds another matrix, or cannot be written.
            InvalidInputError: a size below 1.
            MissingDependencyError: zarr is not installed.
        """
        if rows < 1 or block_rows < 1:
            raise InvalidInputError(
                f"`GramStore.create(rows=..., block_rows=...)` must be at least 1. Got {rows} and "
                f"{block_rows}. A matrix has a row per example. Write block_rows=1024."
            )
        path = Path(directory)
        made = cls(path, rows, min(block_rows, rows), np.dtype(dtype), identity, kernel)
        if (path / _MANIFEST).exists():
            found = cls.open(path)
            if found._manifest() != made._manifest():
                raise StorageError(
                    f"{path} must be empty or hold the same matrix. Got one of {found.rows} rows "
                    f"in blocks of {found.block_rows}, {found.dtype.name}, of {found.kernel} "
                    f"({found.identity[:10]}). Blocks of two matrices would be mixed: asked for "
                    f"are {made.rows} rows in blocks of {made.block_rows}, {made.dtype.name}, of "
                    f"{kernel} ({identity[:10]}). Write another directory."
                )
            return found
        try:
            made._marks.make()
            extra("zarr").create_array(
                store=str(path / _ARRAY),
                shape=(rows, rows),
                chunks=(made.block_rows, made.block_rows),
                dtype=made.dtype,
                compressors=None,
                fill_value=float("nan"),
                overwrite=True,
            )
            write_whole(path / _MANIFEST, json.dumps(made._manifest(), indent=1))
        except OSError as cause:
            raise StorageError(
                f"{path} must be a directory that can be written. {cause}. Blocks are stored "
                "there. Choose another directory, or free space."
            ) from cause
        return made

    @classmethod
    def open(cls, directory: Any) -> GramStore:
        """The store in a directory.

        Raises:
            StorageError: there is none, or its manifest cannot be read.
        """
        path = Path(directory)
        try:
            found = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise KeyError(f"format {found['format']}")
            return cls(
                path,
                found["rows"],
                found["block_rows"],
                np.dtype(found["dtype"]),
                found["identity"],
                found["kernel"],
            )
        except (OSError, ValueError, KeyError, TypeError) as cause:
            raise StorageError(
                f"{path} must be a store of blocks. Its {_MANIFEST} cannot be used: {cause}. "
                "`surefit.tangent.blocks.fill` makes such directories. Check the path."
            ) from cause

    def _manifest(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "rows": self.rows,
            "block_rows": self.block_rows,
            "dtype": self.dtype.name,
            "identity": self.identity,
            "kernel": self.kernel,
        }

    @property
    def count(self) -> int:
        """Blocks along an axis."""
        return -(-self.rows // self.block_rows)

    @property
    def bytes(self) -> int:
        """Of all blocks."""
        blocks = self.count * (self.count + 1) // 2
        return blocks * self.block_rows**2 * self.dtype.itemsize

    def span(self, i: int) -> slice:
        """The rows of block row i."""
        return slice(i * self.block_rows, min((i + 1) * self.block_rows, self.rows))

    def triangle(self) -> Iterator[tuple[int, int]]:
        """All blocks (i, j) with j <= i."""
        return ((i, j) for i in range(self.count) for j in range(i + 1))

    def missing(self) -> list[tuple[int, int]]:
        """Blocks that are not finished."""
        return self._marks.missing(self.triangle())

    def write(self, i: int, j: int, block: Float[np.ndarray, "a b"]) -> None:
        """Store block (i, j), j <= i, and mark it as finished.

        Raises:
            InvalidInputError: not finite.
            StorageError: it cannot be written.
        """
        block = np.ascontiguousarray(block, self.dtype)
        if not np.isfinite(block).all():
            raise InvalidInputError(
                f"`GramStore.write({i}, {j}, block=...)` must be given finite numbers. Got NaN or "
                f"infinity among examples {self.span(i)} and {self.span(j)}. One such entry makes "
                "every product meaningless. Look at these examples."
            )
        try:
            self._array("r+")[self.span(i), self.span(j)] = block
            self._marks.finish(i, j, block)
        except OSError as cause:
            raise StorageError(
                f"Block ({i}, {j}) must be written to {self.directory}. {cause}. All blocks take "
                f"{format_bytes(self.bytes)}. Free space and start again: finished blocks stay."
            ) from cause

    def read(self, i: int, j: int) -> Float[np.ndarray, "a b"]:
        """Block (i, j), above the diagonal from below.

        Raises:
            StorageError: it is not finished.
        """
        if j > i:
            return self.read(j, i).T
        if not self._marks.has(i, j):
            raise StorageError(
                f"Block ({i}, {j}) of {self.directory} must be finished. It is not; "
                f"{len(self.missing())} blocks are missing. Run "
                "`surefit.tangent.blocks.fill` again: it computes these only."
            )
        return np.asarray(self._array("r")[self.span(i), self.span(j)])

    def damaged(self) -> list[tuple[int, int]]:
        """Finished blocks whose bytes are not those that were written.

        Cost: reads everything.
        """
        return [
            (i, j)
            for i, j in self.triangle()
            if self._marks.has(i, j) and not self._marks.fits(i, j, self.read(i, j))
        ]

    def discard(self, i: int, j: int) -> None:
        """Count block (i, j) as missing again."""
        self._marks.discard(i, j)

    def diagonal(self) -> Float[np.ndarray, " n"]:
        """The diagonal."""
        return np.concatenate([np.diagonal(self.read(i, i)) for i in range(self.count)])

    def columns(self, picked: Int[np.ndarray, " r"]) -> Float[np.ndarray, "n r"]:
        """Some columns, in the precision of the store."""
        found = np.empty((self.rows, len(picked)), self.dtype)
        for j in np.unique(picked // self.block_rows):
            own = np.flatnonzero(picked // self.block_rows == j)
            inside = picked[own] - j * self.block_rows
            for i in range(self.count):
                found[self.span(i), own] = self.read(i, int(j))[:, inside]
        return found

    def to_array(self) -> Float[np.ndarray, "n n"]:
        """The whole matrix.

        Raises:
            MemoryLimitError: it would not fit into memory.
        """
        require_bytes(
            2 * self.rows**2 * self.dtype.itemsize,
            f"The {self.rows} x {self.rows} matrix in {self.directory}",
            "Stay with its blocks: `surefit.tangent.blocks.kernel_ridge`.",
        )
        whole = np.empty((self.rows, self.rows), self.dtype)
        for i, j in self.triangle():
            block = self.read(i, j)
            whole[self.span(i), self.span(j)] = block
            whole[self.span(j), self.span(i)] = block.T
        return whole

    @property
    def _marks(self) -> Marks:
        return Marks(self.directory / _DONE)

    def _array(self, mode: str) -> Any:
        return extra("zarr").open_array(str(self.directory / _ARRAY), mode=mode)
