"""`surefit width --certified`."""

import re

import pytest

from surefit.core.widths import WidthDemand
from surefit.errors import InvalidInputError
from surefit.runs.width_spec import WidthSpec
from surefit.workflows import certified_width

TINY = ("width", "--certified", "--classes", 0, 1, "--samples", 8, "--weight-stds", 8, "--seeds", 1)


@pytest.fixture
def quick(monkeypatch):
    """What published results ask for takes long to compute: one made up result."""
    made_up = WidthDemand(
        "somebody_1999", "depth 1", "gradient_descent", "n^9", "width", 1e9, "n^9", False, None, (),
        "read", "float", "",
    )  # fmt: skip
    monkeypatch.setattr(certified_width, "width_demands", lambda setting: (made_up,))


def test_a_width_is_found_written_and_verified(quick, surefit):
    code, out, err = surefit(*TINY, "--out", "certificate")
    assert code == 0, out + err
    assert "Smallest width with a certificate" in out
    assert "somebody_1999" in out
    assert "Checker: proved" in out
    assert "kernel regime" in out
    found = re.findall(r"width (\d+): (not )?certified", err)
    smallest = min(int(width) for width, failed in found if not failed)
    assert f"Certified from width {smallest} on 8 samples (weight_std 8, seed 0)" in out
    assert max(int(width) for width, failed in found if failed) < smallest
    code, out, _ = surefit("verify", "certificate")
    assert code == 0
    assert "Gradient descent on the loss with step size" in out


@pytest.mark.slow
def test_published_results_stand_beside_it(surefit):
    code, out, _ = surefit(*TINY)
    assert code == 0
    assert "Width that each result asks for" in out
    assert "song_2021_sharp" in out


def test_widths_that_are_too_small_are_not_certified(quick, surefit):
    code, out, _ = surefit(*TINY, "--largest-width", 12, "--quiet")
    assert code == 1
    assert "No width up to the largest one tried is certified" in out
    assert "times too large" in out


def test_the_kind_of_width_must_be_named(surefit):
    code, _, err = surefit("width", "--classes", 0, 1)
    assert code == 2
    assert "`surefit width` must be told what kind of width. Got none." in err
    assert "surefit width --certified" in err


def test_one_output_is_needed(surefit):
    code, _, err = surefit("width", "--certified", "--samples", 30)
    assert code == 2
    assert "`labels` must make one output. Got 10" in err
    assert "--classes 0 1" in err


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"weight_stds": (0.0,)}, "must list one or more finite numbers above 0"),
        ({"seeds": 0}, "must be a whole number of at least 1"),
        ({"largest_width": 1}, "must be a whole number of at least 2"),
        ({"widths": 3}, "must have a known name"),
    ],
)
def test_faulty_fields_are_explained(values, message):
    with pytest.raises(InvalidInputError, match=message):
        WidthSpec.parse(values)
