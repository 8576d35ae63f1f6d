import hashlib
import json
import os
import subprocess

import pytest

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.runs.sources import fingerprint, is_file, without_directory


@pytest.fixture
def points(tmp_path):
    path = tmp_path / "points.csv"
    path.write_bytes(b"1,2,0\n3,4,1\n")
    return path


def test_the_content_enters_the_id(points):
    before = CertifySpec(data=str(points))
    assert before.data_sha256 == hashlib.sha256(points.read_bytes()).hexdigest()
    points.write_bytes(b"1,2,0\n3,4,2\n")
    after = CertifySpec(data=str(points))
    assert before != after
    assert before.run_id != after.run_id
    assert before.run_id.startswith("points-")


def test_the_spec_keeps_the_content_it_was_made_with(points):
    spec = CertifySpec(data=str(points))
    name = spec.run_id
    spec.verify_data()
    points.write_bytes(b"other")
    assert spec.run_id == name
    with pytest.raises(InvalidInputError, match="was changed since"):
        spec.verify_data()
    points.unlink()
    with pytest.raises(InvalidInputError, match="No such file"):
        spec.verify_data()


def test_a_source_by_name_has_nothing_to_verify():
    assert CertifySpec().data_sha256 is None
    CertifySpec().verify_data()


def test_neither_spelling_nor_directory_of_the_path_matter(points, tmp_path, monkeypatch):
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    (moved / "points.csv").write_bytes(points.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    spellings = ["points.csv", "./points.csv", str(points), "~/points.csv", "elsewhere/points.csv"]
    assert len({CertifySpec(data=data).run_id for data in spellings}) == 1
    (moved / "renamed.csv").write_bytes(points.read_bytes())
    assert CertifySpec(data="elsewhere/renamed.csv") != CertifySpec(data="points.csv")


def test_no_directory_gets_into_a_record(points):
    text = CertifySpec(data=str(points)).canonical_json()
    assert points.parent.name not in text
    assert os.sep not in json.loads(text)["data"]


def test_round_trip_without_the_file(points):
    spec = CertifySpec(data=str(points))
    points.unlink()
    again = CertifySpec.from_canonical(spec.canonical())
    assert again == spec
    assert again.run_id == spec.run_id
    with pytest.raises(InvalidInputError):
        again.verify_data()


def test_a_prefix_says_how_to_read_a_file(points, tmp_path):
    path = tmp_path / "points.txt"
    path.write_bytes(points.read_bytes())
    spec = CertifySpec(data=f"csv:{path}")
    assert spec.data_sha256 == fingerprint(points)
    assert spec.canonical()["data"] == "csv:points.txt"
    assert spec.run_id.startswith("csv_points-")


@pytest.mark.parametrize("gz", ["", ".gz"])
def test_of_idx_images_the_labels_belong_to_the_content(tmp_path, monkeypatch, gz):
    images, labels = tmp_path / f"a-images-idx3-ubyte{gz}", tmp_path / f"a-labels-idx1-ubyte{gz}"
    images.write_bytes(b"images")
    alone = fingerprint(images)
    labels.write_bytes(b"labels")
    both = fingerprint(images)
    listing = subprocess.run(
        ["sha256sum", images.name, labels.name], cwd=tmp_path, capture_output=True, check=True
    )
    assert both == hashlib.sha256(listing.stdout).hexdigest() != alone
    assert fingerprint(labels) == both
    labels.write_bytes(b"other")
    assert fingerprint(images) != both
    compressed_otherwise = labels.with_name(labels.name.removesuffix(".gz") + ".gz"[len(gz) :])
    labels.rename(compressed_otherwise)
    assert fingerprint(images) not in (both, alone)
    monkeypatch.chdir(tmp_path)
    assert CertifySpec(data=images.name).data_sha256 == fingerprint(images)


def test_a_word_is_a_source_even_beside_a_file_of_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = CertifySpec()
    (tmp_path / "digits").write_bytes(b"x")
    assert CertifySpec() == expected
    assert CertifySpec(data="./digits").data_sha256 == hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize("data", ["digits", "openml:a/b.csv", "breast-cancer", "csv:", "x" * 5000])
def test_not_a_file(data):
    assert not is_file(data)
    assert CertifySpec(data=data).data_sha256 is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("missing.csv", "No such file"),
        (".", "Is a directory"),
        ("/", "Is a directory"),
        ("~nobody-here/x.csv", "No such file"),
        ("C:\\points.csv", "No such file"),
        ("x" * 5000 + ".csv", "name too long"),
    ],
)
def test_files_that_cannot_be_read(tmp_path, monkeypatch, data, reason):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInputError) as caught:
        CertifySpec.parse({"data": data})
    message = str(caught.value)
    assert message.startswith("`CertifySpec(data=...)` must name a source")
    assert reason in message
    assert "surefit list" in message


@pytest.mark.parametrize(
    ("data", "name"),
    [("a/b.csv", "b.csv"), ("csv:/home/ada/points.txt", "csv:points.txt"), ("b.npz", "b.npz")],
)
def test_without_directory(data, name):
    assert without_directory(data) == name
    assert without_directory(name) == name
