"""Which data are a file, and which content that file has."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from surefit.errors import InvalidInputError

__all__ = ["fingerprint", "is_file", "split", "without_directory"]


def split(data: str) -> tuple[str, Path]:
    """The prefix that says how to read a file (`csv:` in `csv:points.txt`), and the file."""
    prefix = re.match(r"[a-z0-9_]{2,}:", data)
    head = prefix.group() if prefix else ""
    return head, Path(os.path.expanduser(data.removeprefix(head)))


def is_file(data: str) -> bool:
    """Whether `data` means a file, which may not be there.

    A word (`digits`) is the name of a source even if a file of that name lies in the current
    directory; write `./digits` for the file. A dot or a slash makes a path. Anything else
    (`t10k-images-idx3-ubyte`) is a file if there is one.
    """
    prefix, path = split(data)
    if prefix == "openml:" or re.fullmatch(r"\w+", data):
        return False
    return (not prefix and re.search(r"[./\\]", data) is not None) or os.path.isfile(path)


def without_directory(data: str) -> str:
    """`csv:/home/ada/points.txt` -> `csv:points.txt`."""
    prefix, path = split(data)
    return f"{prefix}{path.name}"


def _members(path: Path) -> list[Path]:
    """The file and, since IDX data come in pairs of images and labels, its partner."""
    for mine, other in (("images", "labels"), ("labels", "images")):
        if mine in path.name:
            dimension = ("idx3", "idx1") if mine == "images" else ("idx1", "idx3")
            name = path.name.replace(mine, other).replace(*dimension)
            plain = name.removesuffix(".gz")
            for partner in (name, plain if plain != name else f"{name}.gz"):
                if path.with_name(partner).is_file():
                    return sorted([path, path.with_name(partner)])
    return [path]


def fingerprint(path: Path) -> str:
    """The SHA-256 of a data file's content.

    Of an IDX pair (images and labels) it is the SHA-256 of the listing that `sha256sum` prints
    for the two files.

    Raises:
        InvalidInputError: there is no such file, or it cannot be read.

    Cost: one pass over the bytes.
    """
    sums: list[tuple[str, str]] = []
    try:
        for member in _members(path):
            with member.open("rb") as file:
                sums.append((hashlib.file_digest(file, "sha256").hexdigest(), member.name))
    except OSError as cause:
        raise InvalidInputError(
            f"`CertifySpec(data=...)` must name a source, `openml:name`, or a file that can be "
            f"read. Got {str(path)!r}: {cause.strerror}. A path is relative to the current "
            "directory. Correct the path, or write the name of a source (`surefit list`)."
        ) from cause
    if len(sums) == 1:
        return sums[0][0]
    return hashlib.sha256(
        "".join(f"{value}  {name}\n" for value, name in sums).encode()
    ).hexdigest()
