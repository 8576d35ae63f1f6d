import numpy as np
import pytest

from surefit.data import Dataset
from surefit.data.rows import RowsError, list_rows
from surefit.errors import InvalidInputError, UnknownNameError

X = np.arange(12.0).reshape(4, 3)
Y = np.array([0, 1, 0, 1])


def test_everything_is_brought_into_one_form():
    data = Dataset("d", X.astype(np.float32), Y.astype(np.uint8))
    assert data.x.dtype == np.float64
    assert data.y.dtype == np.int64
    assert data.classes == (0, 1)
    assert data.rows.tolist() == [0, 1, 2, 3]
    assert len(data) == 4


def test_images_keep_their_shape():
    data = Dataset("d", np.ones((4, 2, 3, 1)), Y)
    assert data.x.shape == (4, 2, 3, 1)
    assert data.vectors.shape == (4, 6)


def test_the_arrays_cannot_be_changed_and_the_caller_s_can():
    x = X.copy()
    data = Dataset("d", x, Y)
    with pytest.raises(ValueError, match=r"read-only"):
        data.x[0, 0] = 7.0
    x[0, 0] = 7.0


@pytest.mark.parametrize(
    ("y", "expected"),
    [
        (np.array([True, False, True, False]), [1, 0, 1, 0]),
        (np.array([1.0, 2.0, 1.0, 2.0]), [1, 2, 1, 2]),
        (np.array([[1], [2], [1], [2]]), [1, 2, 1, 2]),
        (np.array(["cat ", "dog", "cat", "dog"]), ["cat", "dog", "cat", "dog"]),
        (np.array(["1", "2", "1", "2"]), ["1", "2", "1", "2"]),
        (np.array(["cat", "dog", "cat", "dog"], dtype=object), ["cat", "dog", "cat", "dog"]),
        (np.array([0, 1, 0, 1], dtype=object), [0, 1, 0, 1]),
        (np.array([0.5, 1.0, 0.5, 1.0]), [0.5, 1.0, 0.5, 1.0]),
    ],
)
def test_labels_have_one_spelling(y, expected):
    data = Dataset("d", X, y)
    assert data.y.tolist() == expected
    assert data.classes == tuple(sorted(set(expected)))


def test_targets_of_a_regression_are_numbers():
    data = Dataset("d", X, np.array([[1, 2], [3, 4], [5, 6], [7, 8]]), "regression")
    assert data.y.dtype == np.float64
    assert data.y.shape == (4, 2)
    assert data.classes == ()


def test_take_remembers_the_rows_of_the_source():
    once = Dataset("d", X, Y).take(np.array([3, 1, 0]))
    twice = once.take(np.array([2, 0]))
    assert twice.rows.tolist() == [0, 3]
    assert twice.x.tolist() == X[[0, 3]].tolist()
    assert twice.classes == (0, 1)


def test_text_labels_stay_text_when_only_numbers_are_left():
    data = Dataset("d", X, np.array(["1", "x", "1", "1"]))
    assert data.take(np.array([0, 2])).y.tolist() == ["1", "1"]


NAN, INF = float("nan"), float("inf")


def holed(*rows, value=NAN):
    x = np.ones((30, 3))
    x[list(rows), 1] = value
    return x


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.ones(4)}, r"shape \(n, \.\.\.\), one example per row. Got shape \(4,\)"),
        ({"x": np.ones((0, 3)), "y": np.ones(0)}, r"at least one example.*Got shape \(0, 3\)"),
        ({"x": np.ones((4, 0))}, r"at least one example.*Got shape \(4, 0\)"),
        ({"x": np.array([["a"]] * 4)}, "real numbers. Got dtype <U1"),
        ({"x": np.ones((4, 1), dtype=complex)}, "real numbers. Got dtype complex128"),
        ({"y": np.ones(3)}, "Got 4 rows in x and 3 labels in y"),
        ({"y": np.array(1.0)}, "Got 4 rows in x and a single value in y"),
        ({"y": np.ones((4, 2, 2))}, r"shape \(n,\) or \(n, k\). Got \(4, 2, 2\)"),
        ({"y": np.ones((4, 0))}, r"shape \(n,\) or \(n, k\). Got \(4, 0\)"),
        ({"y": np.ones((4, 2))}, r"task='classification'.*argmax\(axis=1\)"),
        ({"y": np.array([0, NAN, 1, NAN])}, "no label in rows 1 and 3"),
        ({"y": np.array([0, None, 1, 1], dtype=object)}, "no label in row 1 "),
        (
            {"y": np.array([0, "a", 1, 1], dtype=object)},
            "names or all numbers. Got both.*'a' and 0",
        ),
        ({"y": np.ones(4, dtype=complex)}, "names or numbers. Got an array of dtype complex128"),
        ({"y": np.array(list("abcd")), "task": "regression"}, "must be numbers. Got dtype <U1"),
        ({"y": np.ones(4, dtype=complex), "task": "regression"}, "real numbers. Got complex"),
        ({"y": np.array([0, 1, INF, 0]), "task": "regression"}, "y=.*finite.*in row 2 "),
        ({"classes": (0,)}, r"every label that occurs in y. Got \(0,\), but y also has \[1\]"),
        ({"rows": np.arange(3)}, r"number every example. Got shape \(3,\) for 4"),
        (
            {"x": holed(2), "y": np.ones(30)},
            r"x=.*must be finite. Got a NaN or an infinity in row 2 \(counted from 0\)",
        ),
        ({"x": holed(2, 5, value=-INF), "y": np.ones(30)}, "in rows 2 and 5 "),
        ({"x": holed(*range(20)), "y": np.ones(30)}, "rows 0, 1, 2, 3, 4, 5, 6, 7 and 12 more"),
    ],
)
def test_bad_data_is_refused(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        Dataset(**{"name": "d", "x": X, "y": Y, **arguments})


def test_an_unknown_task_suggests_the_nearest():
    with pytest.raises(UnknownNameError, match=r"Did you mean 'classification'"):
        Dataset("d", X, Y, "classificaton")


def test_row_lists():
    assert list_rows([3]) == "row 3"
    assert list_rows([3, 5]) == "rows 3 and 5"
    assert list_rows([3, 5, 7]) == "rows 3, 5 and 7"


def test_row_errors_can_be_renumbered():
    error = RowsError("Got {rows}.", [0, 2]).renumbered(np.array([10, 11, 12]))
    assert str(error) == "Got rows 10 and 12."
    assert error.rows == (10, 12)
