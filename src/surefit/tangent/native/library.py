"""The compiled machine, where the package's build found a C compiler."""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path

__all__ = ["CHUNK", "FILE", "Job", "Library", "functions", "library", "missing", "stamp"]

FOLDER = Path(__file__).parent
SOURCES = ("machine.c", "machine.h")
FILE = {"win32": "machine.dll", "darwin": "machine.dylib"}.get(sys.platform, "machine.so")
# Columns that the machine takes together.
CHUNK = 128
# Suffixes of functions by what the processor can do.
LEVELS = ((4, "v4"), (3, "v3"), (0, "base"))


class Job(ctypes.Structure):
    """What does not change from tile to tile; the same fields as in machine.c."""

    _fields_ = [
        ("code", ctypes.c_void_p),
        ("pool", ctypes.c_void_p),
        ("columns", ctypes.c_void_p),
        ("rows", ctypes.c_void_p),
        ("out", ctypes.c_void_p * 2),
        ("stride", ctypes.c_int64),
        ("width", ctypes.c_int64),
        ("length", ctypes.c_int32),
        ("registers", ctypes.c_int32),
        ("column_values", ctypes.c_int32),
        ("row_values", ctypes.c_int32),
        ("constants", ctypes.c_int32),
        ("outputs", ctypes.c_int32),
        ("result", ctypes.c_int32 * 2),
        ("mark", ctypes.c_int32),
        ("symmetric", ctypes.c_int32),
    ]


@dataclasses.dataclass(frozen=True)
class Library:
    """Functions of the machine.

    Args:
        run: by the name of the dtype: one tile, see machine.h.
        operations: numbers of the operations by name.
    """

    run: dict[str, Callable[..., int]]
    operations: dict[str, int]


def stamp() -> str:
    """What a library compiled from the sources beside this file calls itself."""
    sources = b"".join((FOLDER / name).read_bytes() for name in SOURCES)
    return hashlib.sha256(sources).hexdigest()[:16]


def library() -> Library | None:
    """The machine; None where `missing` says why there is none."""
    if os.environ.get("SUREFIT_NATIVE", "1") == "0":
        return None
    return _loaded()[0]


def missing() -> str:
    """Why there is no machine, in words; empty where there is one."""
    if os.environ.get("SUREFIT_NATIVE", "1") == "0":
        return "SUREFIT_NATIVE=0"
    return _loaded()[1]


@functools.cache
def _loaded() -> tuple[Library | None, str]:
    path = FOLDER / FILE
    if not path.exists():
        return None, "installed without a C compiler"
    try:
        found = ctypes.CDLL(str(path))
        own = ctypes.c_char.in_dll(found, "surefit_stamp")
        if ctypes.string_at(ctypes.addressof(own)).decode() != stamp():
            return None, "compiled from other sources; install surefit again"
        words = ctypes.c_char.in_dll(found, "surefit_operations")
        names = ctypes.string_at(ctypes.addressof(words)).decode().split()
        run = functions(found, found.surefit_level())
        return Library(run, {name: k for k, name in enumerate(names)}), ""
    except (OSError, ValueError, AttributeError, StopIteration) as cause:
        return None, f"cannot be loaded: {cause}"


def functions(found: ctypes.CDLL, level: int) -> dict[str, Callable[..., int]]:
    """What runs a tile, by the name of the dtype, with what a processor of this level can do."""
    chosen = {}
    for dtype, kind in (("float64", "f64"), ("float32", "f32")):
        names = [f"surefit_{kind}_{name}" for least, name in LEVELS if least <= level]
        function = next(getattr(found, name) for name in names if hasattr(found, name))
        function.restype = ctypes.c_int64
        number, pointer = ctypes.c_int64, ctypes.c_void_p
        function.argtypes = [ctypes.POINTER(Job), pointer, *[number] * 5, pointer]
        chosen[dtype] = function
    return chosen
