"""Reads a folder without trusting it: sizes before bytes, hashes before numbers."""

import hashlib
import json
import math
import pathlib
import zipfile
from types import SimpleNamespace
from typing import Any

import numpy as np

from surefit_checker.schema import CERTIFICATE, given
from surefit_checker.verdict import EndedError, InvalidError, demand

MAX_JSON, MAX_HEADER = 2**20, 2**12
MAX_BYTES = 2**30  # of all arrays together


class Folder:
    """What was read.

    Args:
        spec: the contents of `certificate.json`.
        arrays: the arrays, as described there.
    """

    def __init__(self, spec: SimpleNamespace, arrays: dict[str, np.ndarray]) -> None:
        self.spec, self.arrays, self.unused = spec, arrays, set(arrays)

    def array(self, name: str) -> np.ndarray:
        """The array of a name, for its only use."""
        # Weights that two layers share would move together.
        demand(name in self.unused, f"array {name!r} is used twice, or is not there")
        self.unused.remove(name)
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
        found = json.loads(raw.decode(), object_pairs_hook=_object)
        spec = given(found, "certificate.json", CERTIFICATE)
        return Folder(spec, _arrays(archive, spec.arrays))
    except (EndedError, MemoryError):
        raise
    except Exception as error:  # whatever damaged files lead to
        raise InvalidError(f"{type(error).__name__}: {error}") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    demand(len(dict(pairs)) == len(pairs), "a key appears twice")
    return dict(pairs)


def _arrays(path: pathlib.Path, listed: dict[str, SimpleNamespace]) -> dict[str, np.ndarray]:
    total = sum(8 * math.prod(one.shape) for one in listed.values())
    demand(total <= MAX_BYTES, f"the arrays have {total} bytes, more than {MAX_BYTES}")
    # Room for headers, and for data that packing made longer; not for a list of a million members.
    room = total + total // 64 + 2**10 * len(listed) + 2**17
    demand(path.stat().st_size <= room, "arrays.npz is larger than the arrays that are listed")
    with zipfile.ZipFile(path) as archive:
        same = sorted(archive.namelist()) == sorted(f"{name}.npy" for name in listed)
        demand(same, "arrays.npz does not hold exactly the arrays that are listed")
        return {name: _array(archive, name, one) for name, one in listed.items()}


def _array(archive: zipfile.ZipFile, name: str, listed: SimpleNamespace) -> np.ndarray:
    member, size = archive.getinfo(f"{name}.npy"), 8 * math.prod(listed.shape)
    fits = 0 <= member.file_size - size <= MAX_HEADER
    demand(fits, f"array {name} has another size than listed")
    with archive.open(member) as file:
        raw = memoryview(file.read(member.file_size + 1))
    header, body = bytes(raw[: len(raw) - size]), raw[len(raw) - size :]
    expected = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {listed.shape}, }}"
    start = b"\x93NUMPY\x01\x00" + max(len(header) - 10, 0).to_bytes(2, "little")
    right = header.rstrip(b" \n") == start + expected.encode()
    demand(right, f"array {name} is not float64 in C order of the listed shape")
    same = hashlib.sha256(body).hexdigest() == listed.sha256
    demand(same, f"array {name} does not have the listed hash")
    array = np.frombuffer(body, "<f8").reshape(listed.shape).astype(np.float64)
    demand(np.isfinite(array).all(), f"array {name} has entries that are not finite")
    return array
