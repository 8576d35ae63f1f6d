"""Where the image files of a directory are."""

from __future__ import annotations

from pathlib import Path

from surefit.errors import InvalidInputError

__all__ = ["image_files"]

_PARTS = ("train", "t10k")


def image_files(directory: Path) -> tuple[Path, ...]:
    """The IDX files of MNIST images in a directory, training set before test set.

    Raises:
        InvalidInputError: there is no such directory, or none of the files is in it.
    """
    if not directory.is_dir():
        raise InvalidInputError(
            f"`--data-dir` must be a directory that exists. Got {str(directory)!r}. The IDX files "
            "of MNIST are looked for there. Correct the path, or leave it out to use digits."
        )
    found = [
        path
        for part in _PARTS
        for path in (directory / f"{part}-images-idx3-ubyte{end}" for end in ("", ".gz"))
        if path.is_file()
    ]
    # A file and its compressed copy are the same data.
    unique = {path.name.removesuffix(".gz"): path for path in reversed(found)}
    files = tuple(
        unique[name] for name in (f"{p}-images-idx3-ubyte" for p in _PARTS) if name in unique
    )
    if not files:
        raise InvalidInputError(
            f"`--data-dir` must hold train-images-idx3-ubyte or t10k-images-idx3-ubyte (each with "
            f"its labels, possibly compressed as .gz). Got {str(directory)!r} without them. These "
            "are the names of MNIST's files. Put them there, or leave --data-dir out to use digits."
        )
    return files
