"""The measurements of a run while it is under way."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from surefit.core.trajectory import Series

__all__ = ["Block", "Ledger"]

Rows = tuple[Int[np.ndarray, " t"], Float[np.ndarray, "t ..."]]
Block = dict[str, Rows]


class Ledger:
    """The measurements of a run, in blocks that are only ever appended.

    How many blocks belong to a position is part of the position: what an interruption leaves behind
    is cut off by forgetting the blocks after it.

    Args:
        blocks: measurements to begin with.
    """

    def __init__(self, *blocks: Block) -> None:
        self._blocks = list(blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    def append(self, block: Block) -> int:
        """Add measurements and return how many blocks there are now."""
        self._blocks.append(block)
        return len(self._blocks)

    def cut(self, length: int) -> None:
        """Forget all blocks after the first `length`."""
        del self._blocks[length:]

    def newest(self, name: str) -> int:
        """The step of the newest measurement; -1 if there is none."""
        for block in reversed(self._blocks):
            if name in block and len(block[name][0]):
                return int(block[name][0][-1])
        return -1

    def merged(self, length: int | None = None) -> Block:
        """All measurements, or those of the first `length` blocks, in one block."""
        blocks = self._blocks[:length]
        names = dict.fromkeys(name for block in blocks for name in block)
        merged = {}
        for name in names:
            parts = [block[name] for block in blocks if name in block]
            merged[name] = (
                np.concatenate([steps for steps, _ in parts]),
                np.concatenate([values for _, values in parts]),
            )
        return merged

    def series(self, clock: float, labels: dict[str, tuple[str, ...]]) -> dict[str, Series]:
        """The measurements as series over time.

        Args:
            clock: how much time one step takes.
            labels: the columns of vector quantities.
        """
        return {
            name: Series(steps.astype(np.float64) * clock, values, labels.get(name, ()))
            for name, (steps, values) in self.merged().items()
        }
