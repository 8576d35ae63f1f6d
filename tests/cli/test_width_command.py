"""`surefit width`: certified, and measured."""

import re
from pathlib import Path

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


def test_an_interrupted_search_for_certificates_goes_on(quick, surefit, monkeypatch):
    real, made = certified_width.certify_at_start, []

    def counted(*arguments):
        if len(made) == 2:
            raise KeyboardInterrupt
        made.append(arguments[0].parameters(arguments[1]))
        return real(*arguments)

    monkeypatch.setattr(certified_width, "certify_at_start", counted)
    code, out, err = surefit(*TINY)
    assert code == 3 and not out
    assert "Nothing is lost" in err
    first = set(made)

    def more(*arguments):
        made.append(arguments[0].parameters(arguments[1]))
        return real(*arguments)

    monkeypatch.setattr(certified_width, "certify_at_start", more)
    code, out, err = surefit(*TINY, "--out", "certificate")
    assert code == 0, out + err
    assert "An interrupted search goes on" in err
    # Only that of the smallest width, whose arrays the checker needs, is made again.
    again = [size for size in made[2:] if size in first]
    assert len(again) <= 1 and len(set(made)) >= len(made) - 1
    assert "Checker: proved" in out
    assert [path.name for path in Path().iterdir()] == ["certificate"]


def test_the_kind_of_width_must_be_named(surefit):
    for options, got in (((), "none"), (("--certified", "--target-loss", 1), "both")):
        code, _, err = surefit("width", "--classes", 0, 1, *options)
        assert code == 2
        assert f"`surefit width` must be told what kind of width. Got {got}." in err
        assert "surefit width --target-loss 1e-4" in err and "surefit width --certified" in err


def test_a_certified_search_has_one_number_of_samples(surefit):
    code, _, err = surefit("width", "--certified", "--samples", 8, 16)
    assert code == 2
    assert "must go with one number of samples. Got 8 16" in err


MEASURED = (
    "width", "--target-loss", 0.02, "--classes", 0, 1, "--samples", 6, "--activation", "relu",
    "--seeds", 2, "--steps", 60, "--probability", 0.7, "--largest-width", 8,
)  # fmt: skip


def test_a_width_is_measured_and_reported(surefit):
    code, out, err = surefit(*MEASURED)
    assert code in (0, 1), out + err
    assert "Smallest width at which descent succeeds" in out
    assert "Descent reaches the loss 0.02 with probability 0.7 from this width on" in out
    assert "song_yang_2019" in out and "36* (4.5)" in out
    assert re.search(r"6 samples, width \d+: \d of \d reach 0.02", err)
    (run,) = Path("runs").glob("width-digits-shallow-relu-s0-*")
    page = (run / "report.html").read_text()
    assert "The smallest width at which descent succeeds" in page
    assert "probability 0.7" in page and "song yang 2019 asks for" in page
    again, out, err = surefit(*MEASURED)
    assert again == code and "finished already" in out and not err
    (run / "report.html").unlink()
    assert surefit("report", run)[0] == 0 and (run / "report.html").is_file()
    code, out, _ = surefit("runs", "list")
    assert code == 0 and "1 run: 1 done" in out


def test_one_output_is_needed(surefit):
    code, _, err = surefit("width", "--certified", "--samples", 30)
    assert code == 2
    assert "`--labels` must make one output. Got 10" in err
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
