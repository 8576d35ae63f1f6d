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
from typing import Any

import numpy as np

from surefit_checker.verdict import InvalidError

MAX_JSON = 2**20
MAX_BYTES = 2**30  # of all arrays together
MAX_HEADER = 2**12
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
NUMBER = re.compile(r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}")
TOP = ["format", "version", "statement", "loss", "network", "arrays", "claims"]


@dataclasses.dataclass
class Folder:
    """What was read.

    Args:
        spec: the contents of `certificate.json`.
        arrays: the arrays, as described there.
    """

    spec: dict[str, Any]
    arrays: dict[str, np.ndarray]
    used: set[str] = dataclasses.field(default_factory=set)

    def array(self, name: Any) -> np.ndarray:
        """The array of a name, for its only use."""
        if not isinstance(name, str) or name not in self.arrays:
            raise InvalidError(f"there is no array {name!r}")
        if name in self.used:
            # Weights that two layers share would move together.
            raise InvalidError(f"array {name} is used twice")
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
        if not (description.is_file() and archive.is_file()):
            raise InvalidError("certificate.json and arrays.npz must be there, as ordinary files")
        with description.open("rb") as file:
            raw = file.read(MAX_JSON + 1)
        if len(raw) > MAX_JSON:
            raise InvalidError(f"certificate.json has more than {MAX_JSON} bytes")
        spec = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_constant)
        fields(spec, TOP, "certificate.json")
        if spec["format"] != "surefit-certificate" or repr(spec["version"]) != "1":
            raise InvalidError("not a certificate of version 1")
        return Folder(spec, _arrays(archive, spec["arrays"]))
    except DAMAGED as error:
        raise InvalidError(f"{type(error).__name__}: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise InvalidError("a key appears twice")
    return found


def _constant(name: str) -> None:
    raise InvalidError(f"{name} is not a number of this format")


def _arrays(path: pathlib.Path, listed: Any) -> dict[str, np.ndarray]:
    if not isinstance(listed, dict) or not all(NAME.fullmatch(name) for name in listed):
        raise InvalidError("`arrays` must map names to descriptions")
    sizes_of, total = {}, 0
    for name, one in listed.items():
        fields(one, ["sha256", "shape", "dtype"], f"array {name}")
        shape = sizes(one, "shape")
        if not 1 <= len(shape) <= 8 or one["dtype"] != "float64":
            raise InvalidError(f"array {name} must be float64 with 1 to 8 axes")
        sizes_of[name] = 8 * math.prod(shape)
        total += sizes_of[name]
    if total > MAX_BYTES:
        raise InvalidError(f"the arrays have {total} bytes, more than {MAX_BYTES}")
    # Room for headers, and for data that packing made longer; not for a list of a million members.
    if path.stat().st_size > total + total // 64 + 2**10 * len(listed) + 2**17:
        raise InvalidError("arrays.npz is larger than the arrays that are listed")
    found = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if sorted(m.filename for m in members) != sorted(f"{name}.npy" for name in listed):
            raise InvalidError("arrays.npz does not hold exactly the arrays that are listed")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if not 0 <= member.file_size - sizes_of[name] <= MAX_HEADER:
                raise InvalidError(f"array {name} has another size than listed")
            with archive.open(member) as file:
                raw = file.read(member.file_size + 1)
            found[name] = _entries(name, raw, listed[name], sizes_of[name])
    return found


def _entries(name: str, raw: bytes, one: dict[str, Any], size: int) -> np.ndarray:
    body = memoryview(raw)[len(raw) - size :]
    header = raw[: len(raw) - size]
    expected = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {tuple(one['shape'])}, }}"
    if (
        header[:8] != b"\x93NUMPY\x01\x00"
        or int.from_bytes(header[8:10], "little") != len(header) - 10
        or header[10:].decode("latin-1").rstrip(" \n") != expected
    ):
        raise InvalidError(f"array {name} is not float64 in C order of the listed shape")
    if hashlib.sha256(body).hexdigest() != one["sha256"]:
        raise InvalidError(f"array {name} does not have the listed hash")
    array = np.frombuffer(body, "<f8").reshape(one["shape"]).astype(np.float64)
    if not np.isfinite(array).all():
        raise InvalidError(f"array {name} has entries that are not finite")
    return array


def fields(spec: Any, names: list[str], where: str) -> dict[str, Any]:
    """The object itself, which must have exactly these keys."""
    if not isinstance(spec, dict) or sorted(spec) != sorted(names):
        got = sorted(spec) if isinstance(spec, dict) else type(spec).__name__
        raise InvalidError(f"{where}: must have the keys {sorted(names)}, got {got}")
    return spec


def real(spec: dict[str, Any], key: str) -> float:
    """A finite number, written in hexadecimal."""
    value = spec[key]
    if not isinstance(value, str) or not re.fullmatch(
        r"-?0x[01]\.[0-9a-f]{1,13}p[+-][0-9]{1,4}", value
    ):
        raise InvalidError(f"`{key}` must be a number in hexadecimal, got {value!r}")
    try:
        return float.fromhex(value)
    except (OverflowError, ValueError) as error:
        raise InvalidError(f"`{key}` is out of range") from error


def sizes(spec: dict[str, Any], key: str) -> tuple[int, ...]:
    """A list of positive whole numbers."""
    value = spec[key]
    if not isinstance(value, list) or not all(
        type(one) is int and 1 <= one <= MAX_BYTES for one in value
    ):
        raise InvalidError(f"`{key}` must be a list of positive whole numbers")
    return tuple(value)


def boolean(spec: dict[str, Any], key: str) -> bool:
    """True or false."""
    if type(spec[key]) is not bool:
        raise InvalidError(f"`{key}` must be true or false")
    return spec[key]


def text(spec: Any, key: str) -> str:
    """A string."""
    if not isinstance(spec, dict) or not isinstance(spec.get(key), str):
        raise InvalidError(f"`{key}` must be a string")
    return spec[key]
