"""`surefit cite`: entries, sentences, and what is not a run."""

import dataclasses
import re

import numpy as np
import pytest
from typer.testing import CliRunner

import surefit
from surefit.cli.app import app
from surefit.core.check import Check
from surefit.core.prediction import Prediction
from surefit.core.proof import Proof
from surefit.core.record import RunRecord, TheoremRecord
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.errors import StorageError
from surefit.report.citations import entries, methods
from surefit.report.dataset_citations import dataset_entry


def theorem(name, applies):
    prediction = Prediction(name, (Check.from_flag("smooth", applies),))
    return TheoremRecord(
        name, f"Title of {name}", f"@article{{{name},\n  year = {{2019}},\n}}", "", "", prediction
    )


@pytest.fixture
def record():
    loss = Series(np.array([0.0, 7.0]), np.array([1.0, 2.5e-7]))
    return RunRecord(
        run_id="0123456789",
        spec={"data": "digits", "network": "shallow", "width": 512, "activation": "tanh", "seed": 3},  # noqa: E501
        environment={"versions": {"surefit": "9.8.7"}},
        verdict="",
        holds=True,
        problem={"samples": 300},
        data_checks=(),
        spectra={},
        theorems=(theorem("first2019", True), theorem("second2020", False)),
        trajectory=Trajectory("gradient_descent", 0.25, 7.0, {"loss": loss}, Status.STEPS_DONE),
        proofs=(Proof("refused", "Not this."), Proof("proved", "Descent converges.")),
    )  # fmt: skip


def call(*words):
    return CliRunner().invoke(app, ["cite", *map(str, words)])


def test_the_software_alone():
    done = call()
    assert done.exit_code == 0
    assert "@software{surefit," in done.output
    assert f"version = {{{surefit.__version__}}}" in done.output


def test_a_run_cites_what_applies_its_data_and_the_version_that_ran(record, tmp_path):
    record.save(tmp_path)
    bibtex = call(tmp_path, "--format", "bibtex").output
    keys = re.findall(r"^@\w+\{([^,]+),$", bibtex, re.MULTILINE)
    assert keys == ["first2019", "alpaydin1998optical", "surefit"]
    assert "9.8.7" in bibtex and bibtex.count("{") == bibtex.count("}")
    text = call(tmp_path, "--format", "text").output
    assert "@" not in text
    for part in ("300 samples of digits", "width 512", "0.25", "seed 3", "0123456789", "first2019"):
        assert part in text
    assert "Descent converges." in text
    assert "second2020" not in text and "Not this." not in text
    assert call(tmp_path).output == f"{bibtex}\n{text}"


def test_nothing_that_is_not_so_is_claimed(record):
    bare = dataclasses.replace(record, theorems=record.theorems[1:], proofs=record.proofs[:1])
    assert len(entries(bare)) == 2
    assert "No certificate of convergence was proved." in methods(bare)
    assert "None of the convergence theorems" in methods(bare)


def test_polished_weights_are_named(record):
    assert "Levenberg-Marquardt" not in methods(record)
    polished = dataclasses.replace(record, spec={**record.spec, "polish": True})
    assert "Levenberg-Marquardt" in methods(polished)


def test_what_is_no_run_is_refused(tmp_path):
    assert isinstance(call(tmp_path / "absent").exception, StorageError)


@pytest.mark.parametrize("name", ["digits", "breast_cancer", "wine", "diabetes", "openml:554"])
def test_data_sets_with_a_source_have_an_entry(name):
    entry = dataset_entry(name)
    assert entry.startswith("@") and entry.count("{") == entry.count("}")


def test_data_of_openml_are_named_and_cannot_break_the_entry():
    assert "https://www.openml.org/d/554" in dataset_entry("openml:554")
    hostile = dataset_entry("openml:a}{,_b")
    plain = hostile.replace(r"\{", "").replace(r"\}", "")
    assert plain.count("{") == plain.count("}") and r"\_b" in hostile


def test_own_files_have_none():
    assert dataset_entry("my.csv") is None and dataset_entry("gaussian") is None
