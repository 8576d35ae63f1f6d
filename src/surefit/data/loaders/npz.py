"""NumPy archives."""

from __future__ import annotations

import dataclasses
import zipfile
import zlib
from pathlib import Path

import numpy as np

from surefit.core.memory import require_bytes
from surefit.data.dataset import Dataset
from surefit.data.loader import Loader
from surefit.data.targets import resolve_task
from surefit.errors import InvalidInputError, StorageError

__all__ = ["Npz"]

PAIRS = (("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target"))


@dataclasses.dataclass(frozen=True)
class Npz(Loader):
    """A NumPy archive (.npz) with one array of inputs and one of labels.

    Args:
        path: the file.
        x_key: the name of the inputs, shape (n, ...). By default the first pair present among
            x and y, X and y, images and labels, data and target.
        y_key: the name of the labels, shape (n,), or targets, (n,) or (n, k).
        task: "classification", "regression" or "auto": text and truth values are classes, and so
            are whole numbers with at most 20 distinct values, each for two rows on average;
            anything else is a regression.
    """

    endings = (".npz",)
    argument = "path"

    path: str | Path
    x_key: str | None = None
    y_key: str | None = None
    task: str = "auto"

    def load(self) -> Dataset:
        """Read the archive; pickled objects are refused, because reading them runs code."""
        path = Path(self.path).expanduser()
        try:
            with _open(path) as archive:
                x_key, y_key = self._keys(path, archive.files)
                x, y = _read(path, archive, x_key), _read(path, archive, y_key)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as cause:
            if isinstance(cause, StorageError):
                raise
            raise StorageError(
                f"{path} must be a readable NumPy archive. Got an error: {cause}. It is damaged. "
                "Copy it again, or write it again with numpy.savez(path, x=..., y=...)."
            ) from cause
        y = y if y.ndim != 2 or y.shape[1] != 1 else y[:, 0]
        task = resolve_task(self.task, y) if y.ndim and len(y) else "regression"
        return Dataset(path.stem, x, y, task, source=f"NPZ file {path.name} ({x_key}, {y_key})")

    def _keys(self, path: Path, files: list[str]) -> tuple[str, str]:
        known = [pair for pair in PAIRS if set(pair) <= set(files)]
        x_key, y_key = known[0] if known else (None, None)
        keys = (self.x_key or x_key, self.y_key or y_key)
        missing = [key for key in keys if key not in files]
        if missing:
            raise InvalidInputError(
                f"{path} must hold inputs and labels. Got the arrays {', '.join(files) or 'none'}; "
                + ("no usual pair of names" if None in missing else f"no {missing[0]!r}")
                + ". Looked for x and y, X and y, images and labels, data and target. Say which "
                "with x_key=... and y_key=..."
            )
        return keys  # type: ignore[return-value]


def _open(path: Path) -> np.lib.npyio.NpzFile:
    if not path.exists():
        raise StorageError(f"{path} must exist. Got a path with no such file. Check the path.")
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(
            f"{path} must be a NumPy archive. Got a file of another format, perhaps a single array "
            "(.npy). Inputs and labels are needed. Write numpy.savez(path, x=..., y=...)."
        )
    return np.load(path, allow_pickle=False)


def _read(path: Path, archive: np.lib.npyio.NpzFile, key: str) -> np.ndarray:
    size = archive.zip.getinfo(f"{key}.npy").file_size
    # A byte becomes a float64 at worst.
    require_bytes(9 * size, f"{path}: the array {key!r} in float64", "Cut it into parts.")
    try:
        return archive[key]
    except ValueError as cause:
        raise InvalidInputError(
            f"{path} must hold plain arrays. Got {key!r} as pickled objects ({cause}). Reading "
            "pickled objects runs code from the file. Save it as an array of numbers or text."
        ) from cause
