"""Numbers as people write them: three significant digits, powers of ten, no false precision."""

from __future__ import annotations

import math
from typing import Any

from surefit.report.markup import Html, element

__all__ = ["decade", "duration", "factor", "figure", "number", "pair", "value"]

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
THIN_SPACE = "\u202f"
MINUS = "\u2212"
LARGEST_EXACT = 10**9


def _group(text: str) -> str:
    """Thin spaces between groups of three digits before the decimal point, from five digits on."""
    whole, dot, fraction = text.partition(".")
    sign, digits = ("-", whole[1:]) if whole.startswith("-") else ("", whole)
    if len(digits) > 4:
        digits = f"{int(digits):,}".replace(",", THIN_SPACE)
    return f"{sign}{digits}{dot}{fraction}"


def _scientific(x: float, digits: int) -> str:
    mantissa, exponent = f"{x:.{digits - 1}e}".split("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}×10{str(int(exponent)).translate(SUPERSCRIPT)}"


def number(x: float | int | None, digits: int = 3) -> str:
    """`x` to `digits` significant digits; whole numbers below 10⁹ in full.

    None becomes a dash, NaN "unknown", and the infinities "∞" with their sign.
    """
    if x is None:
        return "–"
    if math.isnan(x):
        return "unknown"
    if math.isinf(x):
        return "∞" if x > 0 else f"{MINUS}∞"
    limit = LARGEST_EXACT if isinstance(x, int) else 10**6
    if x == int(x) and abs(x) < limit:
        text = _group(str(int(x)))
    else:
        decimals = digits - 1 - int(f"{x:.{digits - 1}e}".split("e")[1])
        if digits - 6 <= decimals <= digits + 2:
            text = f"{x:.{max(decimals, 0)}f}"
            text = _group(text.rstrip("0").rstrip(".") if "." in text else text)
        else:
            text = _scientific(x, digits)
    return text.replace("-", MINUS)


def pair(a: float | int, b: float | int) -> tuple[str, str]:
    """Two numbers that are held against each other, with digits enough to tell them apart."""
    if a == b or not (math.isfinite(a) and math.isfinite(b)):
        return number(a), number(b)
    for digits in range(3, 18):
        texts = number(a, digits), number(b, digits)
        if texts[0] != texts[1]:
            return texts
    return texts


def factor(q: float | int | None) -> str:
    """A factor per step; just below one it is written as what it lacks: 1 − 2.5×10⁻⁵."""
    if q is not None and 0.99 <= q < 1.0:
        return f"1 {MINUS} {number(1.0 - q)}"
    return number(q)


def decade(q: float | int | None) -> float | None:
    r"""The steps in which a factor `q` per step makes 1/10: $\ln 10 / \ln(1/q)$; else None."""
    if q is None or not 0.0 < q < 1.0:
        return None
    return -math.log(10.0) / math.log(q)


def duration(seconds: float | int) -> str:
    """A time span: `0.43 s`, `12.3 s`, `3 min 4 s`, `2 h 5 min`."""
    if not math.isfinite(seconds) or seconds < 60:
        return f"{number(seconds)} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def figure(x: float | int | None, text: str | None = None) -> Html:
    """A number as an element that carries all its digits, for readers and for machines."""
    text = number(x) if text is None else text
    if x is None or not math.isfinite(x):
        return element("span", text, class_="number")
    return element("data", text, value=repr(x), title=repr(x), class_="number")


def value(item: Any) -> Html:
    """Any fact of a record: a number, a yes or no, a text, or a list of these."""
    if item is None:
        return element("span", "not set", class_="quiet")
    if isinstance(item, bool):
        return element("span", "yes" if item else "no")
    if isinstance(item, int | float):
        return figure(item)
    if isinstance(item, list | tuple):
        parts: list[Any] = []
        for index, part in enumerate(item):
            parts += [", " if index else None, value(part)]
        return element("span", *parts)
    return element("span", str(item))
