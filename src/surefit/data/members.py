"""Arrays of a NumPy archive, read without trusting what it says about them."""

from __future__ import annotations

import ast
import lzma
import math
import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Shaped

from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError, StorageError

__all__ = ["DAMAGED", "read_member"]

# What reading a damaged archive raises, one part of it or another.
DAMAGED = (
    EOFError,
    OSError,
    OverflowError,
    RuntimeError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    zlib.error,
)
# What a header that NumPy did not write raises.
UNREADABLE = (
    AttributeError,
    LookupError,
    MemoryError,
    RecursionError,
    SyntaxError,
    TypeError,
    ValueError,
)
PLAIN = "biufSU"  # kinds of entries: truth values, numbers and text
WIDTHS = {1: ("<H", 2), 2: ("<I", 4), 3: ("<I", 4)}  # of the length of a header, by version
LONGEST_HEADER = 10_000  # what NumPy itself reads at most


def read_member(path: Path, archive: zipfile.ZipFile, key: str) -> Shaped[np.ndarray, "..."]:
    """One array; pickled objects are refused, because reading them runs code.

    Args:
        path: of the archive, for messages.
        archive: open for reading.
        key: the name of the array.

    Raises:
        InvalidInputError: the member is no array of numbers or text.
        StorageError: its size is not what its header says.
        MemoryLimitError: it would not fit into memory; nothing is read then.
        Exception: one of `DAMAGED`.
    """
    info = archive.getinfo(f"{key}.npy")
    with archive.open(info) as file:
        shape, order, dtype, header = _header(path, key, file)
        if dtype.hasobject or dtype.kind not in PLAIN:
            raise InvalidInputError(
                f"{path} must hold plain arrays. Got {key!r} as pickled objects or a structure "
                f"(type {dtype}). Reading pickled objects runs code from the file. Save it as an "
                "array of numbers or text."
            )
        size = math.prod(shape) * dtype.itemsize
        # A byte becomes a float64 at worst.
        require_bytes(9 * size, f"{path}: the array {key!r} in float64", "Cut it into parts.")
        body = file.read(size + 1)
    if len(body) != size or header + size != info.file_size:
        raise StorageError(
            f"{path} must hold {size} bytes of the array {key!r}, as its header says (shape "
            f"{shape}, {dtype}). Got {min(len(body), size)} of a member of {info.file_size} bytes. "
            "It is damaged. Copy the file again."
        )
    return np.frombuffer(body, dtype).reshape(shape, order=order)


def _header(path: Path, key: str, file: Any) -> tuple[tuple[int, ...], Any, np.dtype, int]:
    """Shape, order and type of the entries, and how many bytes stand in front of them."""
    start = file.read(8)
    version = start[6] if len(start) == 8 else 0
    wide, length = WIDTHS.get(version, ("", 0))
    count = file.read(length)
    said = struct.unpack(wide, count)[0] if wide and len(count) == length else LONGEST_HEADER + 1
    text = file.read(min(said, LONGEST_HEADER))
    try:
        if start[:6] != b"\x93NUMPY" or len(text) != said:
            raise ValueError("it does not begin as an array does")
        described = ast.literal_eval(text.decode("utf-8" if version == 3 else "latin-1"))
        shape, order = tuple(described["shape"]), "F" if described["fortran_order"] else "C"
        dtype = np.lib.format.descr_to_dtype(described["descr"])
        if len(shape) > 32 or not all(type(n) is int and 0 <= n < 2**48 for n in shape):
            raise ValueError(f"the shape {str(shape)[:80]}")
        return shape, order, dtype, 8 + length + said
    except UNREADABLE as cause:
        raise InvalidInputError(
            f"{path} must hold arrays in NumPy's format. Got {key!r}, whose header is none "
            f"({type(cause).__name__}: {str(cause)[:200]}). It was not written by NumPy, or is "
            "damaged. Write it again with numpy.savez(path, x=..., y=...)."
        ) from cause
