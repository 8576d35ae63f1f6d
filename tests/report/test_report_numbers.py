import math

import pytest

from surefit.report.numbers import decade, duration, factor, figure, number, pair, value

INFINITY = float("inf")


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (None, "–"),
        (math.nan, "unknown"),
        (INFINITY, "∞"),
        (-INFINITY, "\u2212∞"),
        (0, "0"),
        (0.0, "0"),
        (1, "1"),
        (512.0, "512"),
        (4000, "4000"),
        (33280, "33\u202f280"),
        (1234567, "1\u202f234\u202f567"),
        (0.5, "0.5"),
        (0.1503, "0.15"),
        (0.15349, "0.153"),
        (0.001234, "0.00123"),
        (0.0001234, "1.23×10⁻⁴"),
        (57.44, "57.4"),
        (472.4, "472"),
        (12345.6, "12\u202f346"),
        (8.2e22, "8.2×10²²"),
        (-3.14159e-9, "\u22123.14×10⁻⁹"),
        (9.9996e-7, "1×10⁻⁶"),
        (0.99996, "1"),
        (-0.25, "\u22120.25"),
    ],
)
def test_number(x, text):
    assert number(x) == text


@pytest.mark.parametrize("x", [1.5e-12, 0.0123456, 7.0, 1234.5, 98765.4, 6.02e23, 3.0e5])
def test_number_can_be_read_back_to_three_digits(x):
    superscripts = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
    text = number(x).replace("\u202f", "").translate(superscripts).replace("×10", "e")
    assert float(text) == pytest.approx(x, rel=5e-3)


@pytest.mark.parametrize(
    ("a", "b", "texts"),
    [
        (0.99997, 1.0, ("0.99997", "1")),
        (0.42, 1.0, ("0.42", "1")),
        (1.0, 1.0, ("1", "1")),
        (math.nan, 1.0, ("unknown", "1")),
        (1.0 + 2**-52, 1.0, ("1.0000000000000002", "1")),
    ],
)
def test_pair_tells_numbers_apart(a, b, texts):
    assert pair(a, b) == texts


def test_factor_shows_what_is_lacking_to_one():
    assert factor(1 - 3.3e-4) == "1 \u2212 3.3×10⁻⁴"
    assert factor(0.9) == "0.9"
    assert factor(1.0) == "1"
    assert factor(None) == "–"


@pytest.mark.parametrize("q", [0.5, 0.9, 1 - 3.3e-4])
def test_decade_is_the_number_of_steps_to_a_tenth(q):
    assert q ** decade(q) == pytest.approx(0.1)


@pytest.mark.parametrize("q", [None, 0.0, 1.0, 1.2])
def test_no_decade_without_decrease(q):
    assert decade(q) is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.432, "0.432 s"), (12.41, "12.4 s"), (184, "3 min 4 s"), (7500.2, "2 h 5 min")],
)
def test_duration(seconds, text):
    assert duration(seconds) == text


def test_figure_carries_all_digits():
    assert 'value="0.15031234"' in figure(0.15031234)
    assert ">0.15<" in figure(0.15031234)
    assert "<data" not in figure(math.nan)


def test_value_shows_every_kind_of_fact():
    assert ">yes<" in value(True)
    assert ">not set<" in value(None)
    assert "<b>" not in value("<b>")
    assert ">0<" in value([0, 1])
    assert ">1<" in value([0, 1])
