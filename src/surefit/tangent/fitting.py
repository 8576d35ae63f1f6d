"""Blocks of a tangent kernel that fit into memory."""

from __future__ import annotations

from surefit.core.memory import available_bytes, format_bytes
from surefit.errors import InvalidInputError, MemoryLimitError

__all__ = ["fit"]

# Copies of what flows through a network, and of a block of the kernel, that are held at the peak.
_COPIES, _KERNELS = 2, 4
# Products of pairs of positions that are held at once, with what is made of them.
_PAIRS = 4 * 2**23


def fit(
    n1: int, n2: int, entry: int, example: int, pairs: int, memory_limit: int | None
) -> tuple[int, int, int]:
    """The largest block that fits.

    Args:
        n1: examples of the first batch.
        n2: of the second.
        entry: bytes of the kernel per pair of examples.
        example: bytes of what flows through the network, per example.
        pairs: bytes of a number, where pairs of positions are multiplied; else 0.
        memory_limit: bytes that may be used; None: what is available.

    Returns:
        Examples of either batch that are taken together, bytes at the peak, bytes of the result.

    Raises:
        InvalidInputError: no positive number of bytes.
        MemoryLimitError: not even one pair of examples, or the result, has room.
    """
    if memory_limit is not None and memory_limit < 1:
        raise InvalidInputError(
            f"`empirical_ntk(memory_limit=...)` must be a positive number of bytes. Got "
            f"{memory_limit}. It bounds what is held at the peak. Write 2 * 2**30 for 2 GiB, or "
            "leave it out to use what is available."
        )
    limit = available_bytes() if memory_limit is None else memory_limit
    example = _COPIES * example
    result = n1 * n2 * entry

    def needed(block: int) -> int:
        rows, columns = min(block, n1), min(block, n2)
        whole = block >= max(n1, n2)
        held = (rows + columns) * example + _KERNELS * rows * columns * entry
        return held + _PAIRS * pairs + (0 if whole else 2 * result)

    block = max(n1, n2)
    while block > 1 and needed(block) > limit:
        block = -(-block // 2)
    if needed(block) > limit:
        raise MemoryLimitError(_too_large(n1, n2, result, needed(block), limit, entry, example))
    return block, needed(block), result


def _too_large(
    n1: int, n2: int, result: int, needed: int, limit: int, entry: int, example: int
) -> str:
    fits = 1
    while 4 * fits * fits * (_KERNELS * entry) + 4 * fits * example <= limit:
        fits *= 2
    return (
        f"`empirical_ntk`: the kernel of {n1} x {n2} examples must fit into memory. It takes "
        f"{format_bytes(result)}, and {format_bytes(needed)} with what is held on the way; "
        f"{format_bytes(limit)} may be used. Every pair of examples has {entry} bytes. Blocks of "
        f"{fits} x {fits} examples would fit: store them with `surefit.tangent.blocks.fill`, or "
        "never form the kernel: `surefit.tangent.ntk_operator`."
    )
