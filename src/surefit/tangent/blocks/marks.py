"""Which blocks of a store are finished: a file for each, with the SHA-256 of its bytes."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from jaxtyping import Float

__all__ = ["Marks", "write_whole"]


@dataclasses.dataclass(frozen=True)
class Marks:
    """The files of finished blocks.

    Args:
        directory: where they lie.
    """

    directory: Path

    def make(self) -> None:
        """Make the directory."""
        self.directory.mkdir(parents=True, exist_ok=True)

    def missing(self, blocks: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
        """Those of the blocks (i, j) that are not finished."""
        there = set(os.listdir(self.directory))
        return [pair for pair in blocks if _name(*pair) not in there]

    def has(self, i: int, j: int) -> bool:
        """Whether block (i, j) is finished."""
        return self._path(i, j).exists()

    def finish(self, i: int, j: int, block: Float[np.ndarray, "a b"]) -> None:
        """Mark block (i, j), which has been written."""
        write_whole(self._path(i, j), _digest(block))

    def fits(self, i: int, j: int, block: Float[np.ndarray, "a b"]) -> bool:
        """Whether the bytes of block (i, j) are those that were written."""
        return self._path(i, j).read_text(encoding="ascii") == _digest(block)

    def discard(self, i: int, j: int) -> None:
        """Count block (i, j) as missing again."""
        self._path(i, j).unlink(missing_ok=True)

    def _path(self, i: int, j: int) -> Path:
        return self.directory / _name(i, j)


def _name(i: int, j: int) -> str:
    return f"{i:06d}-{j:06d}"


def _digest(block: Float[np.ndarray, "a b"]) -> str:
    return hashlib.sha256(memoryview(np.ascontiguousarray(block)).cast("B")).hexdigest()


def write_whole(path: Path, text: str) -> None:
    """The file appears with all of its content, or not."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.replace(name, path)
