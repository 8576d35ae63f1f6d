import json

import pytest

SMALL = ("experiment", "gao2022", "--widths", 8, 16, "--samples-per-class", 6, "--epochs", 4)


def test_an_experiment_is_run_once_and_found_again(surefit, tmp_path):
    code, out, err = surefit(*SMALL, "--out", "runs")
    assert code in (0, 1), out + err
    assert "Width 16: 4 epochs of gradient descent" in err
    assert "scaled operator norm" in out
    (directory,) = [p for p in (tmp_path / "runs").iterdir() if p.name.startswith("gao2022")]
    names = {"spec.json", "environment.json", "result.json", "curves.csv", "table.csv"}
    assert {p.name for p in directory.iterdir()} == names | {"report.html"}
    result = json.loads((directory / "result.json").read_text(encoding="utf-8"))
    assert code == (0 if result["holds"] else 1)
    again, out, _ = surefit(*SMALL, "--out", "runs")
    assert again == code
    assert "nothing was computed again" in out
    # The page is made from the files alone.
    (directory / "report.html").unlink()
    assert surefit("report", directory)[0] == 0
    assert "Scaled operator norm" in (directory / "report.html").read_text(encoding="utf-8")


def test_quiet_prints_the_verdict_only(surefit):
    code, out, err = surefit(*SMALL, "--step-size", 10, "--quiet")
    assert code == 1
    assert "is stable" in out
    assert "λ_min" not in out
    assert err == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gamma", "0"), "must be a finite number above 0"),
        (("--gamma", "-1"), "must be a finite number above 0"),
        (("--data-dir", "nowhere"), "must be a directory that exists"),
        (("--data-dir", "."), "must hold train-images-idx3-ubyte"),
        (("--samples-per-class", "178"), "must leave test samples"),
        (("--samples-per-class", "500"), "must be at most 178"),
        (("--widths", "16", "8"), "in increasing order"),
        (("--widths", "many"), "in increasing order"),
        (("--classes", "0", "77"), "77"),
        (("--labels", "zero_oen"), "Did you mean 'zero_one'"),
        (("--tolerance", "1e-30"), "tolerance"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_bad_input_is_exit_code_two(surefit, tmp_path, arguments, message):
    code, out, err = surefit(*SMALL, *arguments, "--out", "runs")
    assert code == 2, out + err
    assert message in err
    assert "Traceback" not in err
    assert not list(tmp_path.glob("runs/gao2022*"))


def test_help_teaches(surefit):
    code, out, _ = surefit("experiment", "gao2022", "--help")
    assert code == 0
    for words in ("2110.05645", "surefit experiment gao2022 --widths", "The paper does not state"):
        assert words in out
    assert "gao2022" in surefit("experiment", "--help")[1]
    out = surefit("certify", "--help")[1]
    for words in ("--gamma", "--trained", "--no-skip", "Implicit networks", "--network implicit"):
        assert words in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--gamma", "0.1"), "must go with network implicit"),
        (("--network", "implicit", "--gamma", "0"), "must be a finite number above 0"),
        (("--network", "implicit", "--trained", "some"), "be `all` or `implicit`"),
        (("--network", "implicit", "--activation", "tanh"), "must be relu"),
        (("--network", "implicit", "--classes", "0", "1", "2"), "one output"),
        (("--network", "implicit", "--init", "wide"), "Known: gaussian"),
    ],
    ids=lambda value: "_".join(value) if isinstance(value, tuple) else "",
)
def test_fields_of_implicit_networks_are_checked(surefit, tmp_path, arguments, message):
    code, out, err = surefit("certify", "--samples", 12, *arguments, "--out", "runs")
    assert code == 2, out + err
    assert message in err
    assert not (tmp_path / "runs").exists()


def test_a_large_gamma_is_a_warning_in_words(surefit):
    small = ("--classes", 0, 1, "--samples", 10, "--width", 16, "--steps", 2)
    chosen = ("--theorems", "gao_2022", "--monitors", "loss")
    code, _, err = surefit("certify", "--network", "implicit", "--gamma", 0.6, *small, *chosen)
    assert code == 1
    assert err.count("Warning:") == 1
    assert "may not exist for every input" in err


def test_implicit_networks_are_listed(surefit):
    out = surefit("list", "networks")[1]
    for name in ("implicit", "implicit_linear", "ling", "shallow"):
        assert f"  {name}" in out
    assert "non_negative" in surefit("list", "inits")[1]
