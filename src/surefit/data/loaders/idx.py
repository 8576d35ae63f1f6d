"""IDX files, the format of MNIST."""

from __future__ import annotations

import dataclasses
import math
import struct
from pathlib import Path

import numpy as np
from jaxtyping import Shaped

from surefit.core.memory import require_bytes
from surefit.data.dataset import Dataset
from surefit.data.files import open_bytes
from surefit.data.loader import Loader
from surefit.errors import InvalidInputError, StorageError

__all__ = ["Idx", "read_idx"]

MOST_DIMENSIONS = 32
DTYPES = {0x08: "u1", 0x09: "i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


@dataclasses.dataclass(frozen=True)
class Idx(Loader):
    """IDX files, the format of MNIST and its relatives, plain or compressed with gzip.

    Entries are kept as they are stored (0 to 255 for pixels); the steps `scale` and `unit_norm`
    bring them to another range. Labels are classes.

    Args:
        path: the file of the images, or the file of the labels if both follow the usual names.
        labels: the file of the labels. By default found by name beside `path`:
            `t10k-images-idx3-ubyte.gz` goes with `t10k-labels-idx1-ubyte.gz`.

    References:
        LeCun, Cortes, Burges, The MNIST database of handwritten digits, "File formats".
    """

    endings = (".idx", "idx1-ubyte", "idx2-ubyte", "idx3-ubyte", "idx4-ubyte")
    argument = "path"

    path: str | Path
    labels: str | Path | None = None

    def load(self) -> Dataset:
        """Read both files."""
        path = Path(self.path).expanduser()
        if self.labels is not None:
            images, labels = path, Path(self.labels).expanduser()
        elif "labels" in path.name:
            images, labels = _partner(path, "labels", "images"), path
        else:
            images, labels = path, _partner(path, "images", "labels")
        x, y = read_idx(images), read_idx(labels)
        if y.ndim != 1:
            raise InvalidInputError(
                f"{labels} must hold labels, an IDX file with one dimension. Got shape {y.shape}. "
                "It looks like a file of images. Give the file of the labels as labels=..."
            )
        if len(x) != len(y):
            raise InvalidInputError(
                f"{images} and {labels} must hold equally many examples. Got {len(x)} images and "
                f"{len(y)} labels. They belong to different sets (train and t10k, perhaps). Give "
                "matching files."
            )
        name = images.name.split(".")[0].removesuffix("-ubyte").removesuffix("-idx3")
        return Dataset(name, x, y, source=f"IDX files {images.name} and {labels.name}")


def _partner(path: Path, mine: str, other: str) -> Path:
    name = path.name.replace(mine, other)
    by_dimension = {"images": ("idx1", "idx3"), "labels": ("idx3", "idx1")}
    name = name.replace(*by_dimension[other])
    plain = name.removesuffix(".gz")
    tried = [name, plain if name.endswith(".gz") else name + ".gz"]
    found = [path.with_name(entry) for entry in tried if path.with_name(entry).is_file()]
    if mine not in path.name or not found:
        raise StorageError(
            f"`load('idx', path=...)` must be given images and labels. Got {path}, and no file of "
            f"{other} beside it" + (f" ({' or '.join(tried)})" if mine in path.name else "") + ". "
            "The two are paired by name: 'images' and 'labels' at the same place. Write "
            "load('idx', path='images file', labels='labels file')."
        )
    return found[0]


def read_idx(path: Path) -> Shaped[np.ndarray, "..."]:
    """The array in one IDX file.

    The file begins with two zero bytes, a type code, the number of dimensions and, as big-endian
    32-bit integers, the dimensions; the entries follow, the last index running fastest.

    Raises:
        InvalidInputError: it is no IDX file.
        StorageError: it is missing, damaged, shorter or longer than its header says.
        MemoryLimitError: its content would not fit into memory.
    """
    with open_bytes(path) as file:
        head = file.read(4)
        if len(head) < 4 or head[:2] != b"\0\0" or head[2] not in DTYPES or head[3] == 0:
            raise InvalidInputError(
                f"{path} must be an IDX file. Got the first bytes {head.hex(' ') or '(none)'}, "
                "which are no IDX header (00 00, a type code 08 to 0e, the number of dimensions). "
                "Check that it is the right file and not a web page saved under its name."
            )
        dtype, ndim = np.dtype(DTYPES[head[2]]), head[3]
        if ndim > MOST_DIMENSIONS:
            raise InvalidInputError(
                f"{path} must have at most {MOST_DIMENSIONS} dimensions. Got {ndim}. Images have "
                "three or four. Check that it is the right file."
            )
        sizes = file.read(4 * ndim)
        if len(sizes) < 4 * ndim:
            raise StorageError(
                f"{path} must hold the {ndim} dimensions that its header announces. Got "
                f"{len(sizes)} bytes of {4 * ndim}. It was cut short. Download or copy it again."
            )
        shape = struct.unpack(f">{ndim}I", sizes)
        count = math.prod(shape)
        require_bytes(
            count * (dtype.itemsize + 8),
            f"{path}: an array of shape {shape} and its copy in float64",
            "Its header may be damaged; otherwise cut the file into parts.",
        )
        # One byte more than expected, to notice a file that is too long.
        body = file.read(count * dtype.itemsize + 1)
    if len(body) != count * dtype.itemsize:
        longer = len(body) > count * dtype.itemsize
        raise StorageError(
            f"{path} must hold {count * dtype.itemsize} bytes of data, as its header says (shape "
            f"{shape}). Got {'more' if longer else len(body)}. It is "
            f"{'not what its header says' if longer else 'cut short'}. Download or copy it again."
        )
    array = np.frombuffer(body, dtype=dtype).reshape(shape)
    return array.astype(dtype.newbyteorder("="), copy=False)
