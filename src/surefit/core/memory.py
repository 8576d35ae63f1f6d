"""How much memory there is, and a refusal before more than that is asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from surefit.errors import MemoryLimitError

__all__ = ["available_bytes", "format_bytes", "require_bytes"]

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")


def format_bytes(count: int | float) -> str:
    """A size for people: `format_bytes(3 * 2**30)` is `"3.0 GiB"`."""
    size, unit = float(count), 0
    while size >= 1024 and unit < len(_UNITS) - 1:
        size, unit = size / 1024, unit + 1
    return f"{size:.0f} {_UNITS[unit]}" if unit == 0 else f"{size:.1f} {_UNITS[unit]}"


def available_bytes(root: Path = Path("/")) -> int:
    """Bytes that this process can still allocate, as far as the system says.

    The smallest of: the memory that the kernel calls available, and what is left below the limit
    of every control group (version 1 and 2) that the process belongs to, so that a container or a
    batch job sees its own limit and not the machine's. File cache that the kernel would give back
    counts as available. Where nothing is known the answer is `sys.maxsize`, which never refuses.

    Args:
        root: where `proc` and `sys` are found; other than `/` in tests only.
    """
    return max(0, min([_system_bytes(root), *_version_2(root), *_version_1(root)]))


def require_bytes(needed: int, what: str, instead: str) -> None:
    """Refuse work that would not fit into memory, before anything is allocated.

    Args:
        needed: bytes that the work will allocate.
        what: what needs them ("the spectrum of a 40000 x 40000 matrix").
        instead: what to do ("Use `lanczos_extremes`, which stores a few vectors only.").

    Raises:
        MemoryLimitError: less than `needed` bytes are available.
    """
    available = available_bytes()
    if needed > available:
        raise MemoryLimitError(
            f"{what} must fit into memory. It needs {format_bytes(needed)}; "
            f"{format_bytes(available)} are available to this process. {instead}"
        )


def _system_bytes(root: Path) -> int:
    for line in _lines(root / "proc/meminfo"):
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    # Not Linux, or a kernel before 3.14: free pages, or all pages where free ones are not told.
    for name in ("SC_AVPHYS_PAGES", "SC_PHYS_PAGES"):
        try:
            pages, size = os.sysconf(name), os.sysconf("SC_PAGE_SIZE")
        except (AttributeError, ValueError, OSError):
            continue
        if pages > 0 and size > 0:
            return pages * size
    return sys.maxsize


def _version_2(root: Path) -> Iterator[int]:
    for path in _control_groups(root, controller=""):
        for directory in _ancestors(root / "sys/fs/cgroup", path):
            limit = _number(directory / "memory.max")
            used = _number(directory / "memory.current")
            if limit is not None and used is not None:
                yield limit - used + _statistic(directory / "memory.stat", "inactive_file")


def _version_1(root: Path) -> Iterator[int]:
    for path in _control_groups(root, controller="memory"):
        for directory in _ancestors(root / "sys/fs/cgroup/memory", path):
            limit = _number(directory / "memory.limit_in_bytes")
            used = _number(directory / "memory.usage_in_bytes")
            if limit is not None and used is not None:
                yield limit - used + _statistic(directory / "memory.stat", "total_inactive_file")


def _control_groups(root: Path, controller: str) -> Iterator[str]:
    # Lines are "hierarchy:controllers:path"; version 2 has the empty list of controllers.
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            yield path


def _ancestors(mount: Path, path: str) -> Iterator[Path]:
    # A limit holds for everything below it. Inside a container the path may be that of the host,
    # which is not mounted; its missing directories are passed over and the mount itself remains.
    parts = [part for part in path.split("/") if part not in ("", "..")]
    for length in range(len(parts), -1, -1):
        yield mount.joinpath(*parts[:length])


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _number(path: Path) -> int | None:
    lines = _lines(path)
    # Version 2 writes "max" for no limit.
    return int(lines[0]) if lines and lines[0].strip().isdigit() else None


def _statistic(path: Path, name: str) -> int:
    for line in _lines(path):
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0
