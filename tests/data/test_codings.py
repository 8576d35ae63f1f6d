import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.data import CODINGS, Dataset, label_code, load
from surefit.errors import InvalidInputError, UnknownNameError

TWO = Dataset("two", np.eye(4), np.array(["b", "a", "b", "a"]))
THREE = Dataset("three", np.eye(6), np.array([3, 5, 9, 3, 5, 9]))
TARGETS = Dataset("t", np.eye(3), np.array([[1.0, 10.0], [2.0, 30.0], [6.0, 20.0]]), "regression")
CLASSES = {"two": ("plus_minus_one", "zero_one", "one_hot", "centred_one_hot")}
PAIRS = [(TWO, name) for name in CLASSES["two"]]
PAIRS += [(THREE, name) for name in ("one_hot", "centred_one_hot")]


@pytest.mark.parametrize(
    ("data", "name", "rows"),
    [
        (TWO, "plus_minus_one", [[1], [-1]]),
        (TWO, "zero_one", [[1], [0]]),
        (TWO, "one_hot", [[0, 1], [1, 0]]),
        (TWO, "centred_one_hot", [[-0.5, 0.5], [0.5, -0.5]]),
        (THREE, "one_hot", [[1, 0, 0], [0, 1, 0]]),
        (THREE, "centred_one_hot", [[2 / 3, -1 / 3, -1 / 3], [-1 / 3, 2 / 3, -1 / 3]]),
        (TARGETS, "raw", [[1, 10], [2, 30]]),
    ],
)
def test_codewords(data, name, rows):
    y = label_code(name, data).encode(data.y)
    assert y.dtype == np.float64
    np.testing.assert_allclose(y[:2], rows, rtol=1e-15)


@pytest.mark.parametrize(("data", "name"), PAIRS)
def test_round_trip(data, name):
    code = label_code(name, data)
    y = code.encode(data.y)
    assert code.decode(y).tolist() == data.y.tolist()
    assert code.accuracy(y, data.y) == 1.0
    wrong = np.roll(y, 1, axis=0)
    assert code.accuracy(wrong, data.y) == 0.0
    assert code.accuracy(np.concatenate([y[:1], wrong[1:]]), data.y) == 1 / len(data)


@given(st.lists(st.lists(st.floats(-4, 4), min_size=3, max_size=3), min_size=1, max_size=6))
@settings(deadline=None, max_examples=100)
def test_scores_are_read_as_the_nearest_codeword(scores):
    scores = np.array(scores)
    for data, name in PAIRS:
        code = label_code(name, data)
        part = scores[:, : code.codewords.shape[1]]
        distances = np.linalg.norm(part[:, None, :] - code.codewords[None, :, :], axis=2)
        for row, label in enumerate(code.decode(part)):
            place = code.classes.index(label)
            assert distances[row, place] <= distances[row].min() + 1e-7


def test_the_rules_of_the_codings():
    scores = np.array([-2.0, -1e-9, 1e-9, 0.4, 0.6, 5.0])
    assert label_code("plus_minus_one", TWO).decode(scores).tolist() == list("aabbbb")
    assert label_code("zero_one", TWO).decode(scores[:, None]).tolist() == list("aaaabb")
    ten = np.random.default_rng(0).standard_normal((50, 10))
    digits = load("digits")
    for name in ("one_hot", "centred_one_hot"):
        assert (label_code(name, digits).decode(ten) == ten.argmax(axis=1)).all()


def test_ties_go_to_the_first_class():
    assert label_code("plus_minus_one", TWO).decode(np.zeros(1)).tolist() == ["a"]
    assert label_code("one_hot", THREE).decode(np.zeros((1, 3))).tolist() == [3]


@pytest.mark.parametrize("name", ["raw", "standardised", "unit_scale"])
def test_round_trip_of_targets(name):
    code = label_code(name, TARGETS)
    y = code.encode(TARGETS.y)
    np.testing.assert_allclose(code.decode(y), TARGETS.y, rtol=1e-14)
    one = Dataset("o", np.eye(3), np.array([1.0, 2.0, 4.0]), "regression")
    code = label_code(name, one)
    assert code.encode(one.y).shape == (3, 1)
    np.testing.assert_allclose(code.decode(code.encode(one.y)[:, 0])[:, 0], one.y, rtol=1e-14)


def test_formulas_of_the_regression_codings():
    y = label_code("standardised", TARGETS).encode(TARGETS.y)
    np.testing.assert_allclose(y.mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose((y**2).mean(axis=0), 1.0, rtol=1e-14)
    y = label_code("unit_scale", TARGETS).encode(TARGETS.y)
    assert np.sum(y**2) == pytest.approx(1.0, rel=1e-14)
    np.testing.assert_allclose(y / y[0, 0], TARGETS.y / TARGETS.y[0, 0], rtol=1e-14)


@pytest.mark.parametrize(
    ("data", "name"), [(TWO, "PlusMinusOne"), (THREE, "CentredOneHot"), (TARGETS, "Raw")]
)
def test_auto(data, name):
    assert type(label_code("auto", data)).__name__ == name


@pytest.mark.parametrize(
    ("data", "name", "text"),
    [
        (TWO, "plus_minus_one", "a -> -1, b -> +1"),
        (TWO, "zero_one", "a -> +0, b -> +1"),
        (THREE, "one_hot", "3 classes, one output each"),
        (TARGETS, "raw", "targets as given"),
        (TARGETS, "standardised", r"targets standardised: (y - 3) / 2.16025, (y - 20) / 8.16497"),
        (TARGETS, "unit_scale", "targets divided by 37.9605"),
    ],
)
def test_descriptions(data, name, text):
    assert label_code(name, data).describe() == text


CONSTANT = Dataset("c", np.eye(3), np.zeros((3, 2)), "regression")


@pytest.mark.parametrize(
    ("data", "name", "message"),
    [
        (THREE, "plus_minus_one", "'plus_minus_one' must be used with exactly two classes. Got 3"),
        (THREE, "zero_one", "'zero_one' must be used with exactly two classes. Got 3"),
        (TARGETS, "one_hot", "t must be one for regression.*raw, standardised, unit_scale; or"),
        (TWO, "raw", "two must be one for classification. Got one for regression.*zero_one"),
        (CONSTANT, "standardised", "targets that vary. Got a constant in column 0"),
        (CONSTANT, "unit_scale", "not all zero"),
    ],
)
def test_codings_that_do_not_fit(data, name, message):
    with pytest.raises(InvalidInputError, match=message):
        label_code(name, data)


def test_unknown_codings_suggest_the_nearest():
    with pytest.raises(UnknownNameError, match=r"label coding.*Did you mean 'one_hot'.*auto"):
        label_code("onehot", TWO)
    assert "centred_one_hot" in CODINGS


def test_a_label_without_codeword():
    with pytest.raises(InvalidInputError, match=r"labels among \(3, 5, 9\). Got \[4\]"):
        label_code("one_hot", THREE).encode(np.array([3, 4]))


def test_no_accuracy_of_a_regression():
    with pytest.raises(InvalidInputError, match=r"asked of a classification"):
        label_code("raw", TARGETS).accuracy(TARGETS.y, TARGETS.y)
