"""The colours keep the contrast that the Web Content Accessibility Guidelines 2.2 ask for."""

import importlib.resources
import re

import pytest

CSS = importlib.resources.files("surefit.report").joinpath("report.css").read_text()
LIGHT = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", CSS.split("@media")[0]))
DARK_BLOCK = CSS[CSS.index("prefers-color-scheme: dark") :].split("@media")[0]
DARK = LIGHT | dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", DARK_BLOCK))

TEXT = [
    ("ink", ("page", "card", "yes-wash", "no-wash", "unsure-wash")),
    ("muted", ("page", "card", "yes-wash", "no-wash", "unsure-wash")),
    ("link", ("page", "card")),
    ("yes-text", ("page", "card", "yes-wash")),
    ("no-text", ("page", "card", "no-wash")),
    ("unsure-text", ("page", "card", "unsure-wash")),
]
GRAPHICS = ["yes", "no", "unsure", *(f"line-{index}" for index in range(1, 7))]


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_of_black_and_white_is_21():
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "grounds"), TEXT)
def test_text_is_legible(scheme, text, grounds):
    for ground in grounds:
        assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("graphic", GRAPHICS)
def test_lines_and_shapes_are_visible(scheme, graphic):
    assert contrast(scheme[graphic], scheme["card"]) >= 3.0


def test_dark_redefines_every_colour():
    defined = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{6});", DARK_BLOCK))
    assert set(defined) == set(LIGHT)


def test_every_colour_that_is_used_is_defined():
    from surefit.report.plot import PALETTE

    used = set(re.findall(r"var\(--([a-z0-9-]+)", CSS + " ".join(PALETTE)))
    local = {"tone", "tone-text", "wash", "body", "mono"}
    assert used - local <= set(LIGHT)
