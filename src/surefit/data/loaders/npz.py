"""NumPy archives."""

from __future__ import annotations

import dataclasses
import zipfile
from pathlib import Path

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader
from surefit.data.members import DAMAGED, read_member
from surefit.data.targets import resolve_task
from surefit.errors import InvalidInputError, StorageError, SurefitError

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
            _require_archive(path)
            with zipfile.ZipFile(path) as archive:
                names = [name for name in archive.namelist() if name.endswith(".npy")]
                x_key, y_key = self._keys(path, [name.removesuffix(".npy") for name in names])
                x, y = read_member(path, archive, x_key), read_member(path, archive, y_key)
        except SurefitError:
            raise
        except (ValueError, *DAMAGED) as cause:
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


def _require_archive(path: Path) -> None:
    if not path.is_file():
        raise StorageError(
            f"{path} must exist. Got a path with no such file. Check the path; a relative one "
            "starts at the directory in which the command runs."
        )
    if not zipfile.is_zipfile(path):
        raise InvalidInputError(
            f"{path} must be a NumPy archive. Got a file of another format, perhaps a single array "
            "(.npy). Inputs and labels are needed. Write numpy.savez(path, x=..., y=...)."
        )
