"""`surefit kernel`: a run, found again, as JSON, and refusals."""

import json

import pytest

SMALL = ("kernel", "--network", "resnet", "--depth", 2, "--classes", 0, 1, 2, "--samples", 45)


def test_a_run_is_made_once_found_again_and_reported(surefit, tmp_path):
    code, out, err = surefit(*SMALL, "--out", "runs")
    assert code == 0, out + err
    for words in ("Spectra on the training samples", "Predicted training", "Classes", "NNGP",
                  "Gaussian process on test samples", "fits the training samples"):  # fmt: skip
        assert words in out
    assert "Kernels of infinite width of 45 samples" in err
    (directory,) = [p for p in (tmp_path / "runs").iterdir() if p.name.startswith("kernel-digits")]
    names = {"spec.json", "environment.json", "result.json", "curves.csv", "spectra.csv"}
    assert {p.name for p in directory.iterdir()} == names | {"report.html"}

    code, out, err = surefit(*SMALL, "--out", "runs")
    assert code == 0
    assert "finished already; nothing was computed again" in out
    code, out, err = surefit(*SMALL, "--out", "runs", "--quiet")
    assert (code, err) == (0, "")
    assert "Spectra" not in out and "Report:" in out

    code, out, err = surefit(*SMALL, "--out", "runs", "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert answer["holds"] is True
    assert [kernel["name"] for kernel in answer["kernels"]] == ["ntk", "nngp"]
    assert answer["run_id"] == directory.name

    page = (directory / "report.html").read_text(encoding="utf-8")
    (directory / "report.html").unlink()
    assert surefit("report", directory)[0] == 0
    assert (directory / "report.html").read_text(encoding="utf-8") == page


def test_what_is_never_learnt_is_exit_code_one(surefit, tmp_path):
    rows = ["0.1,0.9,1.0", "0.1,0.9,2.5", "0.7,0.2,0.25", "0.4,0.8,0.5", "0.3,0.35,0.75"]
    (tmp_path / "twice.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, out, _ = surefit(
        "kernel", "--data", "twice.csv", "--network", "shallow", "--kernel", "ntk",
        "--test-fraction", 0, "--preprocess", "unit_norm",
    )  # fmt: skip
    assert code == 1
    assert "does not fit the training samples" in out
    assert "rank 4 of 5" in out
    assert "never" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--network", "transformer"), "must be `shallow`, `fc`, `resnet`, `cnn` or `implicit`"),
        (("--activation", "rleu"), "Did you mean 'relu'"),
        (("--tau", "0.5", "--network", "fc"), "must go with network resnet"),
        (("--test-fraction", "0.999"), "must leave samples to train on and to test"),
        (("--data", "nothing.csv"), "nothing.csv"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_exit_code_two(surefit, tmp_path, arguments, message):
    code, out, err = surefit(*SMALL, *arguments, "--out", "runs")
    assert code == 2, out + err
    assert message in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/kernel*"))


def test_too_large_is_refused_with_the_bytes(surefit, monkeypatch):
    monkeypatch.setattr("surefit.core.memory.available_bytes", lambda: 2**18)
    code, _, err = surefit(*SMALL)
    assert code == 2
    assert "both kernels of 45 samples" in err
    assert "It needs 411.3 KiB; 256.0 KiB are available" in err


def test_help_teaches(surefit):
    code, out, _ = surefit("kernel", "--help")
    assert code == 0
    for words in ("--network resnet --depth 10", "--compare-width", "--observation-noise", "Exit"):
        assert words in out
