import numpy as np
import pytest

from surefit.data.targets import infer_task, read_whole, resolve_task
from surefit.errors import UnknownNameError


@pytest.mark.parametrize(
    ("y", "task"),
    [
        (np.array(["a", "b"]), "classification"),
        (np.array([True, False]), "classification"),
        (np.array([0, 1, 0, 1]), "classification"),
        (np.array([0.0, 1.0, 0.0, 1.0]), "classification"),
        (np.arange(20).repeat(2), "classification"),
        (np.arange(21).repeat(5), "regression"),
        (np.array([0, 1, 2]), "regression"),
        (np.array([0.5, 1.0, 0.5, 1.0]), "regression"),
        (np.zeros((4, 2)), "regression"),
        (np.zeros((4, 1, 3)), "regression"),
        (np.array([0, 1, 0, 1])[:, None], "classification"),
    ],
)
def test_inference(y, task):
    assert infer_task(y) == task
    assert resolve_task("auto", y) == task
    assert resolve_task("regression", y) == "regression"


def test_unknown_task():
    with pytest.raises(UnknownNameError, match=r"task must be a known name. Got 'regresion'"):
        resolve_task("regresion", np.zeros(3))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (["0", "10", "-3"], [0, 10, -3]),
        (["0", "x"], ["0", "x"]),
        (["007", "1"], ["007", "1"]),
        (["1.0", "2.0"], ["1.0", "2.0"]),
    ],
)
def test_whole_numbers_in_text(text, expected):
    assert read_whole(np.array(text)).tolist() == expected
