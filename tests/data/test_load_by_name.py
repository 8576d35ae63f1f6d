import dataclasses
import inspect
import subprocess
import sys

import numpy as np
import pytest

from surefit.data import LOADERS, Dataset, Loader, load
from surefit.errors import InvalidInputError, UnknownNameError

NAMES = (
    "breast_cancer csv diabetes digits gaussian idx "
    "nearly_orthogonal npz openml sphere teacher wine"
)


def test_the_catalogue_is_complete():
    assert set(NAMES.split()) <= set(LOADERS.names())


@pytest.mark.parametrize("name", NAMES.split())
def test_every_option_is_documented(name):
    loader = LOADERS[name]
    for field in dataclasses.fields(loader):
        assert f"    {field.name}: " in inspect.getdoc(loader), field.name


@pytest.mark.parametrize(
    ("name", "shape", "task", "classes"),
    [
        ("digits", (1797, 64), "classification", tuple(range(10))),
        ("breast_cancer", (569, 30), "classification", (0, 1)),
        ("wine", (178, 13), "classification", (0, 1, 2)),
        ("diabetes", (442, 10), "regression", ()),
    ],
)
def test_sets_of_scikit_learn(name, shape, task, classes):
    data = load(name)
    assert (data.name, data.x.shape, data.task, data.classes) == (name, shape, task, classes)
    assert f"load_{name}" in data.source


def test_digits_as_images():
    images = load("digits", images=True)
    assert images.x.shape == (1797, 8, 8)
    assert np.array_equal(images.vectors, load("digits").x)


def test_diabetes_in_original_units():
    raw, scaled = load("diabetes", scaled=False).x, load("diabetes").x
    centred = raw - raw.mean(axis=0)[None, :]
    # scikit-learn rounds the scaled copy to few digits.
    np.testing.assert_allclose(
        centred / np.linalg.norm(centred, axis=0)[None, :], scaled, atol=1e-6
    )


def test_a_source_is_one_class():
    @dataclasses.dataclass(frozen=True)
    class Corner(Loader):
        size: int = 2

        def load(self) -> Dataset:
            return Dataset("corner", np.eye(self.size), np.arange(self.size))

    assert load("corner", size=3).x.shape == (3, 3)
    assert "corner" in LOADERS


@pytest.mark.parametrize(
    ("source", "options", "error", "message"),
    [
        ("digit", {}, UnknownNameError, "data source must be.*Did you mean 'digits'"),
        ("sphere", {"m": 3}, UnknownNameError, "option of the data source 'sphere'.*Known: d, lab"),
        ("digits", {"image": True}, UnknownNameError, "Did you mean 'images'"),
        (
            "csv",
            {},
            InvalidInputError,
            r"must be given 'path'. Got no options.*load\('csv:\.\.\.'\)",
        ),
        ("openml", {"version": 1}, InvalidInputError, "must be given 'dataset'. Got version"),
        ("sphere:5", {}, InvalidInputError, "'sphere' without a colon.*n, d, labels, seed"),
        ("wine:red", {}, InvalidInputError, "'wine' without a colon.*it has none"),
        (
            "csv:a.csv",
            {"path": "b.csv"},
            InvalidInputError,
            "'path' once. Got 'csv:a.csv' and path",
        ),
        ("./table.parquet", {}, InvalidInputError, r"known kind.*\.csv.*Say what it holds.*'csv:"),
    ],
)
def test_wrong_requests(source, options, error, message):
    with pytest.raises(error, match=message):
        load(source, **options)


def test_a_path_of_unknown_kind(tmp_path):
    with pytest.raises(InvalidInputError, match=r"known kind. Got .*data\.txt"):
        load(tmp_path / "data.txt")


def test_naming_the_kind_overrides_the_ending(tmp_path):
    path = tmp_path / "data.txt"
    path.write_text("1,2,0\n3,4,1\n5,6,0\n7,8,1\n")
    assert load(f"csv:{path}").x.shape == (4, 2)


def test_importing_the_package_loads_no_source():
    code = "import sys, surefit.data; print('sklearn' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
