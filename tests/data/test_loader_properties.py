"""Loaders give back what was written, and refuse everything else in words."""

import contextlib
import csv
import gzip
import io
import pickle
import struct
import zipfile
from pathlib import Path

import hypothesis.extra.numpy as arrays
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surefit.data import load
from surefit.errors import InvalidInputError, MemoryLimitError, StorageError, SurefitError

QUICK = settings(
    max_examples=30,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Every example of a test writes the same file anew.
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=64)
CODES = {"u1": 0x08, "i1": 0x09, ">i2": 0x0B, ">i4": 0x0C, ">f4": 0x0D, ">f8": 0x0E}


def sides(most):
    return arrays.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=most)


@QUICK
@given(data=st.data(), code=st.sampled_from(sorted(CODES)), packed=st.booleans())
def test_idx_files_come_back(data, code, packed, tmp_path):
    shape = (data.draw(st.integers(2, 6)), *data.draw(sides(3)))
    small = {"allow_nan": False, "allow_infinity": False} if "f" in code else {}
    x = data.draw(arrays.arrays(code, shape, elements=arrays.from_dtype(np.dtype(code), **small)))
    y = data.draw(arrays.arrays("u1", shape[:1], elements=st.integers(0, 1)))
    y[:2] = 0, 1
    for name, array, kind in (("images-idx3", x, CODES[code]), ("labels-idx1", y, 8)):
        head = bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        content = head + array.tobytes()
        path = tmp_path / f"{name}-ubyte"
        path.write_bytes(gzip.compress(content) if packed else content)
    dataset = load(tmp_path / "images-idx3-ubyte")
    np.testing.assert_array_equal(dataset.x, x)
    np.testing.assert_array_equal(dataset.y, y)


@QUICK
@given(
    x=arrays.arrays("f8", st.tuples(st.integers(2, 6), st.integers(1, 4)), elements=FINITE),
    delimiter=st.sampled_from(",;\t|"),
    packed=st.booleans(),
    words=st.booleans(),
)
def test_tables_come_back(x, delimiter, packed, words, tmp_path):
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\n")
    labels = ["it's" if i % 2 else 'a "b"' for i in range(len(x))] if words else x[:, 0].tolist()
    for row, label in zip(x, labels, strict=True):
        writer.writerow([*map(repr, row.tolist()), label if words else repr(label)])
    path = tmp_path / "table.csv"
    content = text.getvalue().encode()
    path.write_bytes(gzip.compress(content) if packed else content)
    task = "classification" if words else "regression"
    dataset = load(path, task=task, delimiter=delimiter, header=False)
    np.testing.assert_array_equal(dataset.x, x)
    assert dataset.y.tolist() == labels


@QUICK
@given(
    x=arrays.arrays(
        st.sampled_from(["f8", "f4", "i8", "u1", "?"]), st.tuples(st.integers(2, 5), st.just(3))
    ),
    order=st.sampled_from("CF"),
    packed=st.booleans(),
)
def test_archives_come_back(x, order, packed, tmp_path):
    x = np.asarray(np.nan_to_num(x) if x.dtype.kind == "f" else x, order=order)
    y = np.arange(len(x)) % 2
    path = tmp_path / "arrays.npz"
    (np.savez_compressed if packed else np.savez)(path, x=x, y=y)
    dataset = load(path, task="classification")
    np.testing.assert_array_equal(dataset.x, x)
    np.testing.assert_array_equal(dataset.y, y)


@QUICK
@given(content=st.binary(max_size=200), ending=st.sampled_from(["csv", "tsv", "npz", "csv.gz"]))
def test_any_bytes_are_read_or_refused_in_words(content, ending, tmp_path):
    path = tmp_path / f"data.{ending}"
    path.write_bytes(content)
    with contextlib.suppress(SurefitError):
        load(path)


class Touch:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("key", ["x", "y"])
def test_an_archive_is_never_unpickled(key, tmp_path):
    trap = tmp_path / "trap"
    objects = np.array([Touch(trap), Touch(trap)], dtype=object)
    np.savez(tmp_path / "a.npz", **{"x": np.eye(2), "y": np.arange(2), key: objects})
    with pytest.raises(InvalidInputError, match="pickled objects"):
        load(tmp_path / "a.npz")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:  # no header at all
        archive.writestr("x.npy", pickle.dumps(Touch(trap)))
        archive.writestr("y.npy", pickle.dumps(Touch(trap)))
    with pytest.raises(InvalidInputError, match="whose header is none"):
        load(tmp_path / "b.npz")
    assert not trap.exists()
    pickle.loads(pickle.dumps(Touch(trap)))
    assert trap.exists()  # it would have been


def claim(path, shape, body=b"", descr="<f8"):
    """An archive whose array says that it has another shape than its bytes."""
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}"
    head = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", head + body)
        archive.writestr("y.npy", head + body)
    return path


@pytest.mark.parametrize(
    ("shape", "body", "error", "message"),
    [
        ("(1099511627776, 8)", b"", MemoryLimitError, "must fit into memory"),
        ("(1000, 1000)", b"", StorageError, "as its header says"),
        ("(2, 2)", bytes(10_000_000), StorageError, "as its header says"),
        ("(2.0, 2)", bytes(32), InvalidInputError, "the shape"),
        ("(-1, 2)", bytes(32), InvalidInputError, "the shape"),
        ("(1,) * 40", bytes(8), InvalidInputError, "whose header is none"),
        ("(" * 3_000, b"", InvalidInputError, "whose header is none"),
        ("(2" + " " * 20_000 + ",)", bytes(16), InvalidInputError, "does not begin"),
    ],
)
def test_what_an_archive_claims_is_not_believed(shape, body, error, message, tmp_path):
    with pytest.raises(error, match=message):
        load(claim(tmp_path / "a.npz", shape, body))


def test_a_bomb_of_zeros_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 2**20)
    packed = tmp_path / "bomb.npz"
    np.savez_compressed(packed, x=np.zeros((2_000, 500)), y=np.zeros(2_000))
    assert packed.stat().st_size < 20_000
    with pytest.raises(MemoryLimitError, match="'x' in float64 must fit"):
        load(packed)
    table = tmp_path / "bomb.csv"
    table.write_bytes(gzip.compress(b"0,0,0,0,0,0,0,1\n" * 30_000))
    monkeypatch.setattr("surefit.data.table.FIRST_COUNT", 1_000)
    with pytest.raises(MemoryLimitError, match="numbers in float64"):
        load(table)


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_line_that_does_not_end(place, tmp_path, monkeypatch):
    monkeypatch.setattr("surefit.data.table.LONGEST_LINE", 1_000)
    path = tmp_path / "long.csv"
    path.write_bytes(gzip.compress((b"1,0\n" if place == "second" else b"") + b"1," * 2_000))
    with pytest.raises(InvalidInputError, match="lines of less than 1000 characters"):
        load(path)


def test_devices_are_not_read():
    with pytest.raises(StorageError, match=r"ordinary file\. Got a device"):
        load("csv:/dev/zero")
