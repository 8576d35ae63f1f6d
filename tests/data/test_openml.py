"""Against a copy of openml.org's answers in a scikit-learn cache directory."""

import gzip
import hashlib
import json
import urllib.request

import numpy as np
import pytest

from surefit.data import load
from surefit.errors import InvalidInputError, StorageError

ARFF = """@RELATION tiny
@ATTRIBUTE length REAL
@ATTRIBUTE colour {red,green,blue}
@ATTRIBUTE weight REAL
@ATTRIBUTE class {1,7}
@DATA
1.5,red,10,1
2.5,blue,20,7
3.5,green,35,1
4.5,red,40,7
"""
COLUMNS = {"length": "numeric", "colour": "nominal", "weight": "numeric", "class": "nominal"}
VALUES = {"colour": ["red", "green", "blue"], "class": ["1", "7"]}


class Cache:
    def __init__(self, home):
        self.root = home / "openml" / "openml.org"

    def put(self, path, content):
        file = self.root / f"{path}.gz"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(gzip.compress(content if isinstance(content, bytes) else content.encode()))

    def put_json(self, path, content):
        self.put(path, json.dumps(content))

    def put_set(self, arff=ARFF, target="class", kind="ARFF", number=42):
        entry = {"did": number, "name": "tiny", "version": 3, "status": "active", "format": kind}
        listed = {"data": {"dataset": [entry]}}
        names = "api/v1/json/data/list/data_name/tiny/limit/2"
        self.put_json(f"{names}/status/active/", listed)
        self.put_json(f"{names}/data_version/3", listed)
        self.put_json(
            f"api/v1/json/data/{number}",
            {
                "data_set_description": {
                    "id": str(number),
                    "name": "tiny",
                    "version": "3",
                    "status": "active",
                    "format": kind,
                    "description": "made for a test",
                    "url": f"https://www.openml.org/data/v1/download/{number}/tiny.arff",
                    "md5_checksum": hashlib.md5(arff.encode()).hexdigest(),
                }
            },
        )
        features = [
            {
                "index": str(index),
                "name": name,
                "data_type": kind,
                "is_target": str(name == target).lower(),
                "is_ignore": "false",
                "is_row_identifier": "false",
                "number_of_missing_values": "0",
                **({"nominal_value": VALUES[name]} if name in VALUES else {}),
            }
            for index, (name, kind) in enumerate(COLUMNS.items())
        ]
        self.put_json(
            f"api/v1/json/data/features/{number}", {"data_features": {"feature": features}}
        )
        qualities = [{"name": "NumberOfInstances", "value": "4.0"}]
        self.put_json(
            f"api/v1/json/data/qualities/{number}", {"data_qualities": {"quality": qualities}}
        )
        self.put(f"data/v1/download/{number}/tiny.arff", arff)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    # Whatever is not in the cache must fail at once, also where there is a network: a proxy at a
    # port where nobody listens.
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    urllib.request.install_opener(urllib.request.build_opener())
    yield Cache(tmp_path)
    urllib.request.install_opener(None)


@pytest.mark.parametrize(
    ("source", "options"),
    [("openml:tiny", {}), ("openml:tiny", {"version": 3}), ("openml:42", {})],
)
def test_a_table_with_categories(cache, tmp_path, source, options):
    cache.put_set()
    data = load(source, data_home=tmp_path, **options)
    expected = [[1.5, 1, 0, 0, 10], [2.5, 0, 0, 1, 20], [3.5, 0, 1, 0, 35], [4.5, 1, 0, 0, 40]]
    np.testing.assert_array_equal(data.x, expected)
    assert data.y.tolist() == [1, 7, 1, 7]
    assert (data.name, data.task, data.classes) == ("tiny", "classification", (1, 7))
    assert data.source == "openml.org, data set 42, version 3"


def test_another_target(cache, tmp_path):
    cache.put_set()
    data = load("openml:tiny", data_home=tmp_path, target="weight")
    assert (data.task, data.y.tolist()) == ("regression", [10, 20, 35, 40])
    assert data.x.shape == (4, 6)


def test_the_task_can_be_given(cache, tmp_path):
    cache.put_set()
    data = load("openml:tiny", data_home=tmp_path, task="regression")
    assert (data.task, data.y.tolist()) == ("regression", [1.0, 7.0, 1.0, 7.0])


def test_no_network(cache, tmp_path):
    with pytest.raises(StorageError, match=r"must reach openml.org.*data_home.*load it as CSV"):
        load("openml:tiny", data_home=tmp_path, retries=1)
    with pytest.raises(InvalidInputError, match=r"retries=.*at least 1. Got 0"):
        load("openml:tiny", data_home=tmp_path, retries=0)


def test_missing_values(cache, tmp_path):
    cache.put_set(ARFF.replace("2.5,blue", "?,blue").replace("green,35", "?,35"))
    with pytest.raises(InvalidInputError, match=r"rows 1 and 2 .*in column length, colour"):
        load("openml:tiny", data_home=tmp_path)


def test_an_unknown_target(cache, tmp_path):
    cache.put_set()
    with pytest.raises(InvalidInputError, match=r"must name a table of openml.org.*'wait'"):
        load("openml:tiny", data_home=tmp_path, target="wait")


def test_no_declared_target(cache, tmp_path):
    cache.put_set(target="nothing")
    with pytest.raises(InvalidInputError, match=r"a column to predict.*for example 'class'"):
        load("openml:tiny", data_home=tmp_path)


def test_a_sparse_table(cache, tmp_path):
    rows = "{0 1.5,1 red,2 10,3 1}\n{0 2.5,1 blue,2 20,3 7}\n"
    arff = ARFF.split("1.5,red", maxsplit=1)[0] + rows
    cache.put_set(arff, kind="Sparse_ARFF")
    with pytest.raises(InvalidInputError, match=r"a dense table. Got a sparse one"):
        load("openml:tiny", data_home=tmp_path)
