"""Opening files, plain or compressed, with errors that say what to do."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from surefit.errors import StorageError

__all__ = ["open_bytes"]


@contextlib.contextmanager
def open_bytes(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; gzip is recognised by its content, not by its name.

    Raises:
        StorageError: the file is missing, is a directory, may not be read, or is a damaged gzip
            file (also while it is being read).
    """
    if path.exists() and not path.is_file():
        raise StorageError(
            f"{path} must be an ordinary file. Got a {'directory' if path.is_dir() else 'device'}. "
            "A pipe cannot be read twice, and a device may never end. Copy its content to a file."
        )
    try:
        with path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not compressed:
                yield file
                return
            with gzip.GzipFile(fileobj=file) as stream:
                yield stream  # type: ignore[misc]
    except FileNotFoundError as cause:
        raise StorageError(
            f"{path} must exist. Got a path with no such file. Check the path; a relative one "
            "starts at the directory in which the command runs."
        ) from cause
    except (EOFError, zlib.error, gzip.BadGzipFile) as cause:
        raise StorageError(
            f"{path} must be a complete gzip file. Got an error: {cause}. It is damaged or was cut "
            "short. Download or copy it again."
        ) from cause
    except StorageError:
        raise
    except OSError as cause:
        raise StorageError(
            f"{path} must be a readable file. Got an error: {cause}. Check the path and its "
            "permissions."
        ) from cause
