"""`surefit certify --network fc|cnn|resnet`, from options to the verdict."""

from pathlib import Path

import pytest

SMALL = (
    "certify", "--data", "digits", "--samples", 20, "--depth", 2, "--theorems", "allen_zhu_2019",
    "--monitors", "accuracy", "--out", "runs",
)  # fmt: skip


@pytest.mark.parametrize(
    "options",
    [
        ("--network", "cnn", "--width", 128, "--method", "sgd", "--batch-size", 5),
        ("--network", "resnet", "--width", 64, "--tau", "1/L"),
    ],
    ids=["cnn", "resnet"],
)
def test_cross_entropy_ends_where_every_sample_is_classified_correctly(surefit, options):
    code, out, err = surefit(*SMALL, *options, "--loss", "cross_entropy")
    assert code == 0, err
    assert "✓ Training reached its goal: all training samples are classified correctly." in out
    assert "The saved weights classify all 20 samples correctly" in out or "gradient flow" in out
    assert "until all training samples are classified correctly" in err
    assert "allen_zhu_2019" in out
    (folder,) = Path("runs").glob("*/certificate")
    code, out, _ = surefit("verify", folder)
    assert code == 0
    assert out.rstrip().endswith("proved")


def test_a_width_that_the_image_does_not_divide_is_explained(surefit):
    code, _, err = surefit(*SMALL, "--network", "cnn", "--width", 100)
    assert code == 2
    assert "`--width` must be a multiple of 64 for network 'cnn'" in err
    assert "Write --width 64 or 128." in err


def test_names_and_options_are_listed(surefit):
    _, out, _ = surefit("list", "networks")
    for name in ("fc", "cnn", "resnet"):
        assert f"  {name} " in out
    _, out, _ = surefit("list", "inits")
    assert "allen_zhu" in out
    _, out, _ = surefit("certify", "--help")
    for words in ("Deep networks", "--tau", "--window", "--bias-scale"):
        assert words in out
    _, out, _ = surefit("certify", "--network", "resnet", "--show-spec")
    assert 'tau = "1/(L log m)"' in out
    assert 'method = "auto"' in out
