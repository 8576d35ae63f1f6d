import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest

from surefit.data import load
from surefit.data.loaders.idx import DTYPES, read_idx
from surefit.errors import InvalidInputError, MemoryLimitError, StorageError

IMAGES = np.arange(6 * 3 * 2, dtype=np.uint8).reshape(6, 3, 2)
LABELS = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)


def idx_bytes(array, code=8):
    head = bytes([0, 0, code, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return head + array.astype(DTYPES[code]).tobytes()


def write(path, content):
    path.write_bytes(gzip.compress(content) if path.name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("first", ["", ".gz"])
@pytest.mark.parametrize("second", ["", ".gz"])
def test_pairs_are_found_by_name(tmp_path, first, second):
    images = write(tmp_path / f"t10k-images-idx3-ubyte{first}", idx_bytes(IMAGES))
    labels = write(tmp_path / f"t10k-labels-idx1-ubyte{second}", idx_bytes(LABELS))
    for source in (images, str(images), labels, f"idx:{images}"):
        data = load(source)
        assert data.x.shape == (6, 3, 2)
        np.testing.assert_array_equal(data.x, IMAGES)
        np.testing.assert_array_equal(data.y, LABELS)
        assert data.name == "t10k-images"
        assert data.task == "classification"


def test_labels_given(tmp_path):
    images = write(tmp_path / "pictures.idx", idx_bytes(IMAGES))
    labels = write(tmp_path / "names.bin", idx_bytes(LABELS))
    assert load(images, labels=labels).classes == (0, 1, 2)


@pytest.mark.parametrize("code", sorted(DTYPES))
def test_every_type_is_big_endian(tmp_path, code):
    values = np.array([[0, 1], [-2 if code != 8 else 2, 100]])
    found = read_idx(write(tmp_path / "a.idx", idx_bytes(values, code)))
    np.testing.assert_array_equal(found, values)
    assert found.dtype.isnative


HEAD = bytes([0, 0, 8, 3])


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", InvalidInputError, r"an IDX file. Got the first bytes \(none\)"),
        (b"<html>", InvalidInputError, "first bytes 3c 68 74 6d.*web page"),
        (bytes([0, 0, 7, 1]), InvalidInputError, "00 00 07 01"),
        (bytes([0, 0, 8, 0]), InvalidInputError, "00 00 08 00"),
        (HEAD + b"\0\0\0\1", StorageError, "3 dimensions.*Got 4 bytes of 12"),
        (idx_bytes(IMAGES)[:-1], StorageError, r"36 bytes.*shape \(6, 3, 2\)\). Got 35. It is cut"),
        (idx_bytes(IMAGES) + b"\0", StorageError, "36 bytes.*Got more. It is not what"),
        (HEAD + b"\xff" * 12, MemoryLimitError, "4294967295, 4294967295, 4294967295.*needs"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".gz"])
def test_damaged_files(tmp_path, content, error, message, ending):
    path = write(tmp_path / f"x-images-idx3-ubyte{ending}", content)
    write(tmp_path / "x-labels-idx1-ubyte", idx_bytes(LABELS))
    with pytest.raises(error, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_cut_gzip_file(tmp_path):
    path = tmp_path / "a-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(IMAGES))[:-12])
    write(tmp_path / "a-labels-idx1-ubyte", idx_bytes(LABELS))
    with pytest.raises(StorageError, match=r"complete gzip file.*cut short"):
        load(path)


def test_images_in_place_of_labels(tmp_path):
    images = write(tmp_path / "a-images-idx3-ubyte", idx_bytes(IMAGES))
    with pytest.raises(InvalidInputError, match=r"must hold labels.*Got shape \(6, 3, 2\)"):
        load(images, labels=images)


def test_unequal_lengths(tmp_path):
    images = write(tmp_path / "a-images-idx3-ubyte", idx_bytes(IMAGES))
    write(tmp_path / "a-labels-idx1-ubyte", idx_bytes(LABELS[:4]))
    with pytest.raises(InvalidInputError, match=r"Got 6 images and 4 labels"):
        load(images)


def test_no_partner(tmp_path):
    images = write(tmp_path / "a-images-idx3-ubyte.gz", idx_bytes(IMAGES))
    with pytest.raises(StorageError, match=r"a-labels-idx1-ubyte\.gz or a-labels-idx1-ubyte\)"):
        load(images)
    odd = write(tmp_path / "odd.idx", idx_bytes(IMAGES))
    with pytest.raises(StorageError, match=r"paired by name.*labels='labels file'"):
        load(odd)


def test_missing_and_unreadable(tmp_path):
    labels = write(tmp_path / "b-labels-idx1-ubyte", idx_bytes(LABELS))
    with pytest.raises(StorageError, match=r"no such file"):
        load("idx", path=tmp_path / "b-images-idx3-ubyte", labels=labels)
    with pytest.raises(StorageError, match=r"must be an ordinary file. Got a directory"):
        load("idx", path=tmp_path, labels=labels)


def folder():
    where = os.environ.get("SUREFIT_DATA")
    if not where:
        pytest.skip("SUREFIT_DATA does not name a directory with the MNIST test files")
    return Path(where)


def test_mnist():
    path = folder() / "t10k-images-idx3-ubyte.gz"
    if not path.exists():
        pytest.skip(f"{path.name} is not in SUREFIT_DATA")
    data = load(path)
    assert data.x.shape == (10000, 28, 28)
    assert data.classes == tuple(range(10))
    assert data.y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    # The mean pixel of the test images, as commonly used for standardising: 0.1325 of 255.
    assert data.x.mean() / 255 == pytest.approx(0.1325, abs=1e-4)
