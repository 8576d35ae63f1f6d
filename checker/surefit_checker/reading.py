"""Reads a folder without trusting it: sizes before bytes, hashes before numbers."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import pathlib
import re
import struct
import zipfile
import zlib
from types import SimpleNamespace
from typing import Any

import numpy as np

from surefit_checker.verdict import InvalidError

MAX_JSON = 2**20
MAX_BYTES = 2**30  # of all arrays together
MAX_HEADER = 2**12
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
NUMBER = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")
DAMAGED = OSError, ValueError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile


def demand(condition: bool, message: str) -> None:
    """Ends the check where the folder says something that the format does not allow."""
    if not condition:
        raise InvalidError(message)


@dataclasses.dataclass
class Folder:
    """What was read.

    Args:
        spec: the parts of `certificate.json`.
        arrays: the arrays, as described there.
        used: names of the arrays that the network has taken.
    """

    spec: SimpleNamespace
    arrays: dict[str, np.ndarray]
    used: set[str] = dataclasses.field(default_factory=set)

    def array(self, name: str) -> np.ndarray:
        """The array of a name, for its only use."""
        demand(name in self.arrays, f"there is no array {name!r}")
        # Weights that two layers share would move together.
        demand(name not in self.used, f"array {name} is used twice")
        self.used.add(name)
        return self.arrays[name]


def read(path: str | pathlib.Path) -> Folder:
    """The folder's contents.

    Raises:
        InvalidError: it is not exactly what the format says.
    """
    description, archive = (pathlib.Path(path) / one for one in ("certificate.json", "arrays.npz"))
    try:
        # A pipe would be waited for, a device read for ever.
        there = description.is_file() and archive.is_file()
        demand(there, "certificate.json and arrays.npz must be there, as ordinary files")
        with description.open("rb") as file:
            raw = file.read(MAX_JSON + 1)
        demand(len(raw) <= MAX_JSON, f"certificate.json has more than {MAX_JSON} bytes")
        given = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_constant)
        spec = record(
            given, "certificate.json", format=text, version=whole, statement=anything,
            loss=anything, network=anything, arrays=anything, claims=anything,
        )  # fmt: skip
        known = spec.format == "surefit-certificate" and spec.version == 1
        demand(known, "not a certificate of version 1")
        return Folder(spec, _arrays(archive, spec.arrays))
    except DAMAGED as error:
        raise InvalidError(f"{type(error).__name__}: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    demand(len(found) == len(pairs), "a key appears twice")
    return found


def _constant(name: str) -> None:
    raise InvalidError(f"{name} is not a number of this format")


def _arrays(path: pathlib.Path, listed: Any) -> dict[str, np.ndarray]:
    named = isinstance(listed, dict) and all(NAME.fullmatch(name) for name in listed)
    demand(named, "`arrays` must map names to descriptions")
    described = {
        f"{name}.npy": record(one, f"array {name}", sha256=text, shape=sizes, dtype=text)
        for name, one in listed.items()
    }
    for name, one in described.items():
        fits = 1 <= len(one.shape) <= 8 and one.dtype == "float64"
        demand(fits, f"array {name} must be float64 with 1 to 8 axes")
        one.size = 8 * math.prod(one.shape)
    total = sum(one.size for one in described.values())
    demand(total <= MAX_BYTES, f"the arrays have {total} bytes, more than {MAX_BYTES}")
    # Room for headers, and for data that packing made longer; not for a list of a million members.
    room = total + total // 64 + 2**10 * len(listed) + 2**17
    demand(path.stat().st_size <= room, "arrays.npz is larger than the arrays that are listed")
    found = {}
    with zipfile.ZipFile(path) as archive:
        same = sorted(archive.namelist()) == sorted(described)
        demand(same, "arrays.npz does not hold exactly the arrays that are listed")
        for member in archive.infolist():
            one, name = described[member.filename], member.filename.removesuffix(".npy")
            fits = 0 <= member.file_size - one.size <= MAX_HEADER
            demand(fits, f"array {name} has another size than listed")
            with archive.open(member) as file:
                raw = file.read(member.file_size + 1)
            found[name] = _entries(name, raw, one)
    return found


def _entries(name: str, raw: bytes, one: SimpleNamespace) -> np.ndarray:
    header, body = raw[: len(raw) - one.size], memoryview(raw)[len(raw) - one.size :]
    expected = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {one.shape}, }}"
    right = (
        header[:8] == b"\x93NUMPY\x01\x00"
        and int.from_bytes(header[8:10], "little") == len(header) - 10
        and header[10:].decode("latin-1").rstrip(" \n") == expected
    )
    demand(right, f"array {name} is not float64 in C order of the listed shape")
    same = hashlib.sha256(body).hexdigest() == one.sha256
    demand(same, f"array {name} does not have the listed hash")
    array = np.frombuffer(body, "<f8").reshape(one.shape).astype(np.float64)
    demand(bool(np.isfinite(array).all()), f"array {name} has entries that are not finite")
    return array


# Readers of values: each returns what it was given, or ends the check.


def record(spec: Any, where: str, **readers) -> SimpleNamespace:
    """An object with exactly these keys, every value read by the reader of its key."""
    got = sorted(spec) if isinstance(spec, dict) else type(spec).__name__
    demand(got == sorted(readers), f"{where}: must have the keys {sorted(readers)}, got {got}")
    return SimpleNamespace(
        **{key: reader(spec[key], f"{where}: `{key}`") for key, reader in readers.items()}
    )


def anything(value: Any, where: str) -> Any:
    """What somebody else will read."""
    return value


def text(value: Any, where: str) -> str:
    """A string."""
    demand(isinstance(value, str), f"{where} must be a string")
    return value


def boolean(value: Any, where: str) -> bool:
    """True or false."""
    demand(type(value) is bool, f"{where} must be true or false")
    return value


def whole(value: Any, where: str) -> int:
    """A positive whole number."""
    fits = type(value) is int and 1 <= value <= MAX_BYTES
    demand(fits, f"{where} must be a positive whole number")
    return value


def sizes(value: Any, where: str) -> tuple[int, ...]:
    """A list of positive whole numbers."""
    demand(isinstance(value, list), f"{where} must be a list of whole numbers")
    return tuple(whole(one, where) for one in value)


def real(value: Any, where: str) -> float:
    """A finite number, written in hexadecimal."""
    written = isinstance(value, str) and NUMBER.fullmatch(value)
    demand(bool(written), f"{where} must be a number in hexadecimal, got {value!r}")
    try:
        return float.fromhex(value)
    except OverflowError as error:
        raise InvalidError(f"{where} is out of range") from error


def positive(value: Any, where: str) -> float:
    """A number above 0."""
    number = real(value, where)
    demand(number > 0, f"{where} must be positive, got {number}")
    return number


def option(reader):
    """What a reader reads, or nothing."""
    return lambda value, where: None if value is None else reader(value, where)


def one_of(*names: str):
    """One of some strings."""

    def reader(value: Any, where: str) -> str:
        demand(value in names, f"{where} must be one of {names}, got {value!r}")
        return value

    return reader
