"""How much of a process is in memory, where the system tells."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["mapped_regions", "resident_bytes", "worn_out"]

# Linux lets a process have 65530 mapped regions; a compiled program takes some tens of them, and
# XLA crashes where there is no more.
_MANY_REGIONS = 30_000
_LARGE = 3 * 2**30


def resident_bytes(pid: int | str = "self") -> int | None:
    """Bytes of a process in memory; None where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE")


def mapped_regions() -> int:
    """Regions of this process's address space; 0 where the system does not say."""
    try:
        return Path("/proc/self/maps").read_bytes().count(b"\n")
    except OSError:
        return 0


def worn_out() -> bool:
    """Whether this process should make room for a new one: compiled programs add up."""
    return mapped_regions() > _MANY_REGIONS or (resident_bytes() or 0) > _LARGE
