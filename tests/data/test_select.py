import numpy as np
import pytest

from surefit.data import Dataset, load, select
from surefit.errors import InvalidInputError, UnknownNameError

LABELS = np.array([2, 0, 1, 0, 2, 1, 0, 2, 0, 1])
DATA = Dataset("d", np.arange(20.0).reshape(10, 2), LABELS)
TARGETS = Dataset("t", np.eye(4), np.arange(4.0), "regression")


def test_everything_by_default():
    assert select(DATA).rows.tolist() == list(range(10))


def test_classes_in_the_order_given():
    chosen = select(DATA, classes=[2, 0])
    assert chosen.classes == (2, 0)
    assert chosen.y.tolist() == [2, 0, 0, 2, 0, 2, 0]
    assert chosen.rows.tolist() == [0, 1, 3, 4, 6, 7, 8]
    np.testing.assert_array_equal(chosen.x, DATA.x[chosen.rows])


def test_classes_may_be_given_as_text():
    assert select(DATA, classes=("0", "1")).classes == (0, 1)


def test_the_first_samples_in_the_order_of_the_source():
    assert select(DATA, samples=3).rows.tolist() == [0, 1, 2]
    assert select(DATA, classes=(0, 1), samples=3).rows.tolist() == [1, 2, 3]
    assert select(TARGETS, samples=2).y.tolist() == [0.0, 1.0]


def test_the_first_of_every_class_in_the_order_of_the_source():
    chosen = select(DATA, samples_per_class=2)
    assert chosen.rows.tolist() == [0, 1, 2, 3, 4, 5]
    chosen = select(DATA, classes=(1, 2), samples_per_class=1)
    assert chosen.rows.tolist() == [0, 2]


def test_shuffling_is_the_documented_permutation():
    order = np.random.default_rng(5).permutation(10)
    assert select(DATA, shuffle=True, seed=5, samples=4).rows.tolist() == order[:4].tolist()
    rows = select(DATA, classes=(0, 1), shuffle=True, seed=5).rows
    assert sorted(rows.tolist()) == [1, 2, 3, 5, 6, 8, 9]
    balanced = select(load("digits"), samples_per_class=7, shuffle=True, seed=1)
    assert np.bincount(balanced.y).tolist() == [7] * 10
    assert balanced.rows.tolist() != sorted(balanced.rows.tolist())


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (DATA, {"samples": 2, "samples_per_class": 1}, "one of the two. Got 2 and 1"),
        (DATA, {"samples": 11}, "at most 10, the examples of d. Got 11"),
        (DATA, {"samples": 8, "classes": (0, 1)}, r"at most 7, the examples of d in \(0, 1\)"),
        (DATA, {"samples": 0}, "samples=.*at least 1. Got 0"),
        (DATA, {"samples_per_class": 0}, "samples_per_class=.*at least 1. Got 0"),
        (DATA, {"samples_per_class": 4}, "at most 3, the examples of class 1 of d. Got 4"),
        (DATA, {"classes": (0,)}, r"at least two different classes. Got \[0\].*0, 1, 2"),
        (DATA, {"classes": ()}, r"at least two different classes. Got \[\]"),
        (DATA, {"classes": (0, 0)}, r"at least two different classes. Got \[0, 0\]"),
        (DATA, {"shuffle": True, "seed": -1}, "seed=.*at least 0. Got -1"),
        (TARGETS, {"classes": (0, 1)}, "classes=.*Got t, a regression"),
        (TARGETS, {"samples_per_class": 1}, "samples_per_class=.*Got t, a regression"),
    ],
)
def test_what_is_refused(data, options, message):
    with pytest.raises(InvalidInputError, match=message):
        select(data, **options)


def test_unknown_classes_suggest_the_nearest():
    names = Dataset("pets", np.eye(2), np.array(["cat", "dog"]))
    with pytest.raises(UnknownNameError, match=r"class of pets.*Did you mean 'cat'"):
        select(names, classes=("cats", "dog"))
    with pytest.raises(UnknownNameError, match=r"class of d must be.*Got '7'. Known: 0, 1, 2"):
        select(DATA, classes=(0, 7))
