"""`surefit certify --network shallow --init he` and the experiments, from options to pages."""

import math

import pytest

from surefit.core.record import RunRecord
from surefit.report import render

SMALL = (
    "certify", "--network", "shallow", "--activation", "gelu", "--data", "digits", "--samples", 30,
    "--width", 16, "--steps", 3, "--out", "runs",
)  # fmt: skip


@pytest.fixture
def finished(surefit, tmp_path):
    code, out, err = surefit(*SMALL, "--init", "he")
    assert code == 1, err
    (run,) = [path for path in (tmp_path / "runs").iterdir() if path.name != ".incomplete"]
    return out, run


def test_conditions_factors_and_widths_are_shown_and_kept(finished):
    out, run = finished
    for words in ("Explicit conditions at the start", "holds from width", "song_2021_short_path",
                  "Width that each result asks for", "allen_zhu_2019", "n^24 L^12"):  # fmt: skip
        assert words in out
    record = RunRecord.load(run)
    assert {form.name: form.holds for form in record.forms} == dict.fromkeys(
        ("song_2021", "song_2021_sharp", "song_2021_short_path"), False
    )
    for form in record.forms:
        assert form.excess > 1.0
        assert 16 < form.width < math.inf
    widths = [demand.width for demand in record.widths if demand.width is not None]
    assert widths == sorted(widths)
    assert all(demand.holds is None for demand in record.widths if demand.unstated)
    assert record.problem["residuals"] == 30 * record.problem["outputs"] == 300
    assert "--init he" in record.command
    assert "--steps 3" in record.command
    assert "antisymmetric" not in record.command


def test_the_report_has_both_tables_and_the_promised_curves(finished):
    page = render(RunRecord.load(finished[1]))
    for words in (
        'href="#widths"',
        "How wide it would have to be",
        "times too large",
        "Explicit conditions at the start",
        "The width that each result asks for",
    ):
        assert words in page


def test_another_network_has_no_forms_but_the_widths_of_the_literature(surefit):
    code, out, _ = surefit(*SMALL, "--init", "wide")
    assert code == 1
    assert "Explicit conditions" not in out
    assert "zou_gu_2019" in out


def test_cross_entropy_has_one_hot_targets_and_certificates_about_classes(surefit):
    code, out, err = surefit(*SMALL, "--init", "lecun", "--loss", "mean_cross_entropy")
    assert code == 1, err
    assert "Explicit conditions" not in out
    assert "samples are not classified correctly" in out
    code, _, err = surefit(*SMALL, "--loss", "logistic", "--labels", "one_hot", "--classes", 0, 1)
    assert code == 2
    assert "`--labels` must be 'plus_minus_one' for loss 'logistic'. Got 'one_hot'" in err


def test_experiments_of_song_et_al_are_commands(surefit, tmp_path):
    code, out, _ = surefit("experiment", "--help")
    assert code == 0
    assert "song2021-width" in out
    tiny = ("--ratios", 0.25, 1, "--width", 8, "--samples", 40, "--epochs", 2, "--repeats", 1,
            "--losses", "cross_entropy")  # fmt: skip
    code, out, err = surefit("experiment", "song2021", *tiny, "--out", "runs")
    assert code == 1, err
    assert "checks hold" in out
    (page,) = (tmp_path / "runs").glob("song2021-digits-*/report.html")
    text = page.read_text(encoding="utf-8")
    for words in ("released runs of the paper", "What the paper leaves open", "cross-entropy"):
        assert words in text
    code, _, err = surefit("experiment", "song2021", "--ratios", 1, 0.5)
    assert code == 2
    assert "in increasing order" in err
