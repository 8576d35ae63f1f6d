"""Messages about fields, in the words of the command line."""

import pytest

from surefit.cli.typed import in_options, values_of
from surefit.errors import UnknownNameError

OPTIONS = {"--width", "--step-size", "--classes", "--shared", "--activation", "--loss", "--out"}


def told(message, *words, cause=None):
    return in_options(message, "surefit certify", OPTIONS, words, cause)


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("`CertifySpec(step_size=...)` must be", "`surefit certify --step-size` must be"),
        ("Write `step_size = 0.1`.", "Write `--step-size 0.1`."),
        ('Write `step_size = "1/L (log)"`.', "Write `--step-size '1/L (log)'`."),
        ("Write `classes = [0, 1]`.", "Write `--classes 0 1`."),
        ("Write `shared = true`.", "Write `--shared`."),
        ("Write `shared = false`.", "Write `--no-shared`."),
        ("Got ['a', 'b'] (list). Why.", "Got a b. Why."),
        ("Got [] (list). Why.", "Got []. Why."),
        ("Got -1 (int). Why.", "Got -1. Why."),
        ("Got 'x' (str). Why.", "Got 'x'. Why."),
        ("Got width = 3 of 4.", "Got --width 3 of 4."),
        ("Leave step_size out.", "Leave --step-size out."),
        ("`Store(root=...)` must be", "`surefit certify --out` must be"),
        # What is no option stays as it is, and so does what a function calls its argument.
        ("`CertifySpec(colour=...)` must be", "`CertifySpec(colour=...)` must be"),
        ("`train(width=...)` must be", "`train(width=...)` must be"),
        ("`all` weights, x = 3", "`all` weights, x = 3"),
    ],
)
def test_fields_become_options(message, expected):
    assert told(message) == expected


def test_an_argument_of_a_function_is_an_option_where_that_was_typed():
    assert told("`train(width=...)` must be", "--width", "3") == "`surefit certify --width` must be"


def test_what_stands_in_a_file_keeps_its_words():
    message = "`CertifySpec(width=...)` must be. Write `width = 8`."
    assert told(message, "--spec", "my.toml") == message
    both = told(message, "--spec", "my.toml", "--width", "0")
    assert both == "`surefit certify --width` must be. Write `--width 8`."


def test_a_name_that_is_unknown_is_looked_for_among_the_values():
    error = UnknownNameError("activation", "rleu", ["relu"])
    words = ("--activation", "rleu", "--width", "8")
    assert told(str(error), *words, cause=error).startswith(
        "`surefit certify --activation`: activation must be a known name. Got 'rleu'."
    )
    # Which of two it was is not known.
    assert told(str(error), *words, "--loss", "rleu", cause=error) == str(error)
    assert told(str(error), cause=error) == str(error)


def test_values_are_those_behind_an_option():
    words = ["my.csv", "--classes", "0", "-1", "--step-size=-1", "--shared", "--classes", "2"]
    assert values_of(words) == {
        "--classes": ["0", "-1", "2"],
        "--step-size": ["-1"],
        "--shared": [],
    }
