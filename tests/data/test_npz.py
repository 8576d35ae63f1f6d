import os
from pathlib import Path

import numpy as np
import pytest

from surefit.data import load
from surefit.errors import InvalidInputError, MemoryLimitError, StorageError

X = np.arange(12.0).reshape(6, 2)
Y = np.array([0, 1, 0, 1, 0, 1])


def save(path, **arrays):
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("keys", [("x", "y"), ("X", "y"), ("images", "labels"), ("data", "target")])
def test_usual_names(tmp_path, keys):
    path = save(tmp_path / "set.npz", **dict(zip(keys, (X, Y), strict=True)), other=X)
    data = load(path)
    np.testing.assert_array_equal(data.x, X)
    np.testing.assert_array_equal(data.y, Y)
    assert (data.name, data.task) == ("set", "classification")


def test_chosen_names(tmp_path):
    path = save(tmp_path / "set.npz", a=X, b=X + 0.5, x=X, y=Y)
    data = load(f"npz:{path}", x_key="a", y_key="b")
    assert data.task == "regression"
    assert data.y.shape == (6, 2)
    assert load(path, y_key="b").y.shape == (6, 2)


def test_a_column_of_labels(tmp_path):
    path = save(tmp_path / "set.npz", x=X, y=Y[:, None])
    assert load(path).y.shape == (6,)
    assert load(path, task="regression").y.dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "options", "message"),
    [
        ({"a": X, "b": Y}, {}, "Got the arrays a, b; no usual pair of names.*x_key"),
        ({}, {}, "Got the arrays none"),
        ({"a": X, "b": Y}, {"x_key": "a"}, "no usual pair"),
        ({"x": X, "y": Y}, {"x_key": "z"}, "Got the arrays x, y; no 'z'"),
        ({"x": X, "y": Y.astype(object)}, {}, "Got 'y' as pickled objects.*runs code"),
        ({"x": X, "y": Y[:4]}, {}, "Got 6 rows in x and 4 labels"),
        ({"x": X[:0], "y": Y[:0]}, {}, "at least one example"),
        ({"x": X * np.nan, "y": Y}, {}, "must be finite"),
    ],
)
def test_wrong_contents(tmp_path, arrays, options, message):
    path = save(tmp_path / "set.npz", **arrays)
    with pytest.raises(InvalidInputError, match=message):
        load(path, **options)


def test_other_formats(tmp_path):
    path = tmp_path / "set.npz"
    with path.open("wb") as file:
        np.save(file, X)
    with pytest.raises(InvalidInputError, match=r"a NumPy archive. Got a file of another format"):
        load(path)
    with pytest.raises(StorageError, match=r"no such file"):
        load(tmp_path / "none.npz")


def test_a_damaged_archive(tmp_path):
    path = tmp_path / "set.npz"
    np.savez_compressed(path, x=np.random.default_rng(0).standard_normal((50, 5)), y=np.arange(50))
    content = bytearray(path.read_bytes())
    content[300:400] = bytes(100)
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"readable NumPy archive.*damaged"):
        load(path)


def test_more_than_memory_holds_is_refused_beforehand(tmp_path, monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 100)
    path = save(tmp_path / "set.npz", x=X, y=Y)
    with pytest.raises(MemoryLimitError, match=r"the array 'x' in float64 must fit"):
        load(path)


def test_fashion_mnist():
    path = Path(os.environ.get("SUREFIT_DATA", "")) / "fashion-mnist-900.npz"
    if not path.exists():
        pytest.skip("SUREFIT_DATA names no directory with fashion-mnist-900.npz")
    data = load(path)
    assert data.x.shape == (900, 28, 28)
    assert np.bincount(data.y).tolist() == [90] * 10
