"""Constants that a source leaves open: what the page and the terminal say of them."""

import io
import re

from rich.console import Console

from surefit.cli.fitted_table import print_fitted
from surefit.core.fitted import MARK, FittedConstant
from surefit.core.prediction import Prediction
from surefit.core.record import TheoremRecord
from surefit.report.constants import constants_table

UPPER = FittedConstant("flip_constant", 1.0, 0.12, 0.12, True, "flip_ratio", "worst at step 7")
LOWER = FittedConstant("lower_constant", 1.0, 3e6, 3e6, False, "gradient_lower_ratio")


def theorem(*fitted, constants=("flip_constant", "lower_constant", "width_constant")):
    prediction = Prediction("t", (), unstated=dict.fromkeys(constants, 1.0))
    return TheoremRecord("allen", "Allen", "", "", "", prediction, fitted=fitted)


def text(html):
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", " ", html))


def test_the_page_shows_value_ratio_and_fit():
    found = text(constants_table(theorem(UPPER, LOWER)))
    assert MARK in found
    assert "at least 0.12" in found and "worst at step 7" in found
    assert re.search(r"at most 3\s*×\s*10", found)
    assert "is not the theorem’s" in found
    # The width is asked for before the run: nothing measured along it fits its constant.
    assert re.search(r"width constant 1 – –", found)


def test_without_a_fit_there_is_the_value_alone():
    found = text(constants_table(theorem()))
    assert MARK not in found and "value used here" in found
    assert constants_table(theorem(constants=())) is None


def printed(*theorems):
    console = Console(file=io.StringIO(), width=100)
    print_fitted(console, theorems)
    return console.file.getvalue()


def test_the_terminal_shows_one_row_per_constant():
    lines = printed(theorem(), theorem(UPPER, LOWER)).splitlines()
    rows = [line.split() for line in lines if "_constant" in line]
    assert rows == [
        ["allen", "flip_constant", "1", "0.12", ">=", "0.12"],
        ["lower_constant", "1", "3e+06", "<=", "3e+06"],
    ]
    assert MARK in lines[-1] or MARK in lines[-2]
    assert printed(theorem()) == ""
