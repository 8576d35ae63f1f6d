"""Whether shifted images can be taken on the ring of positions."""

from __future__ import annotations

from surefit.layers.windows import Windows
from surefit.tangent.images.operations import Operation, Pool, WindowMean, walk
from surefit.tangent.images.reading import UnknownNetworkError

__all__ = ["on_ring"]


def on_ring(operations: tuple[Operation, ...]) -> bool:
    """Whether all windows keep rings of positions rings; if not, and if that is a must: unknown."""
    windows = [op.windows for op in walk(operations) if isinstance(op, WindowMean | Pool)]
    if all(map(_tiles, [op.windows for op in walk(operations) if isinstance(op, Pool)])) and all(
        w.padding != "valid" and _divides(w)
        for w in (op.windows for op in walk(operations) if isinstance(op, WindowMean))
    ):
        return True
    if any(w.padding == "circular" for w in windows):
        raise UnknownNetworkError
    return False


def _divides(windows: Windows) -> bool:
    return all(
        n == s * m for n, s, m in zip(windows.space, windows.strides, windows.output, strict=True)
    )


def _tiles(windows: Windows) -> bool:
    return windows.sizes == windows.strides and _divides(windows)
