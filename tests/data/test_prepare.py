import os
from pathlib import Path

import numpy as np
import pytest

from surefit.data import Dataset, load, prepare
from surefit.errors import InvalidInputError, UnknownNameError

DIGITS = load("digits")


def test_the_main_job():
    data = prepare(DIGITS, classes=(0, 1), samples=300)
    assert data.x.shape == (300, 64)
    assert data.x.dtype == data.y.dtype == np.float64
    chosen = np.flatnonzero(np.isin(DIGITS.y, (0, 1)))[:300]
    assert data.rows.tolist() == chosen.tolist()
    raw = DIGITS.x[chosen]
    centred = raw - raw.mean(axis=0)[None, :]
    np.testing.assert_allclose(
        data.x, centred / np.linalg.norm(centred, axis=1)[:, None], rtol=1e-13, atol=1e-15
    )
    np.testing.assert_array_equal(data.y[:, 0], np.where(DIGITS.y[chosen] == 0, -1.0, 1.0))
    assert all(check.holds for check in data.checks)
    assert data.facts["outputs"] == 1
    assert data.description == (
        "digits (sklearn.datasets.load_digits): 300 of 1797 rows in the order of the source, "
        "classes 0, 1; steps: centre, unit_norm; labels: 0 -> -1, 1 -> +1"
    )


def test_many_classes_and_other_options():
    data = prepare(
        DIGITS,
        "standardise",
        samples_per_class=3,
        labels="one_hot",
        noise=1e-3,
        seed=4,
        shuffle=True,
    )
    assert data.y.shape == (30, 10)
    assert data.y.sum(axis=0).tolist() == [3.0] * 10
    assert "shuffled with seed 4; steps: standardise; noise: relative length 0.001, seed 4" in (
        data.description
    )
    assert data.code.decode(data.y).tolist() == data.labels.tolist()


def test_regression():
    data = prepare(load("diabetes"), labels="standardised", samples=100)
    assert data.y.shape == (100, 1)
    assert "classes" not in data.facts
    np.testing.assert_allclose(data.code.decode(data.y)[:, 0], data.labels, rtol=1e-14)


def test_images_keep_their_shape_until_flattened():
    images = load("digits", images=True)
    data = prepare(images, samples=20)
    assert data.x.shape == (20, 8, 8)
    np.testing.assert_array_equal(data.vectors, prepare(DIGITS, samples=20).x)
    assert prepare(images, ["flatten", "unit_norm"], samples=20).x.shape == (20, 64)


def test_the_order_select_steps_perturb():
    # The mean is that of the selected rows, and noise comes last: norms are still one.
    data = prepare(DIGITS, samples=50, noise=0.05)
    clean = prepare(DIGITS, samples=50)
    assert np.abs(data.x - clean.x).max() > 1e-3
    np.testing.assert_allclose(np.linalg.norm(data.x, axis=1), 1.0, rtol=1e-14)
    assert np.abs(clean.steps[0].mean - DIGITS.x[:50].mean(axis=0)).max() == 0.0


def test_transform_uses_the_statistics_of_the_prepared_data():
    data = prepare(DIGITS, samples=50)
    new = DIGITS.x[100:103]
    moved = new - DIGITS.x[:50].mean(axis=0)[None, :]
    np.testing.assert_allclose(
        data.transform(new), moved / np.linalg.norm(moved, axis=1)[:, None], rtol=1e-13, atol=1e-15
    )
    np.testing.assert_array_equal(data.transform(DIGITS.x[:50]), data.x)


def test_noise_breaks_duplicates():
    x = np.repeat(np.random.default_rng(0).standard_normal((10, 4)), 2, axis=0)
    data = Dataset("twins", x, np.repeat(np.arange(10) % 2, 2))
    names = {check.name: check for check in prepare(data).checks}
    assert names["duplicate_rows"].holds is False
    assert all(check.holds for check in prepare(data, noise=1e-3).checks)


def test_rows_in_messages_are_those_of_the_source():
    x = np.random.default_rng(0).standard_normal((8, 3))
    x[6] = 0.0
    data = Dataset("d", x, np.array([2, 0, 1, 0, 1, 0, 1, 2]))
    for steps in ("unit_norm", ""):
        with pytest.raises(InvalidInputError, match=r"zero in row 6 "):
            prepare(data, steps, classes=(0, 1))
    x[6], x[3] = x[2], x[1]
    found = prepare(Dataset("d", x, data.y), "unit_norm", classes=(0, 1))
    assert "rows 1 and 3; rows 2 and 6" in found.checks[1].note


def test_one_class_only():
    data = Dataset("sorted", np.eye(6), np.repeat([0, 1], 3))
    with pytest.raises(InvalidInputError, match=r"at least two classes. Got 0 only"):
        prepare(data, samples=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"steps": ("unitnorm",)}, "preprocessing step.*Did you mean 'unit_norm'"),
        ({"labels": "plusminus"}, "label coding.*Did you mean 'plus_minus_one'"),
        ({"classes": (0, 11)}, "class of digits.*Got '11'"),
    ],
)
def test_unknown_names(options, message):
    with pytest.raises(UnknownNameError, match=message):
        prepare(DIGITS, **options)


def test_mnist():
    path = Path(os.environ.get("SUREFIT_DATA", "")) / "t10k-images-idx3-ubyte.gz"
    if not path.exists():
        pytest.skip("SUREFIT_DATA names no directory with the MNIST test files")
    data = prepare(
        load(path), ["flatten", "scale", "unit_norm"], classes=(3, 8), samples_per_class=100
    )
    assert data.x.shape == (200, 784)
    assert all(check.holds for check in data.checks)
