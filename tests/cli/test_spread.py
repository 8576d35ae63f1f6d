import pytest

from surefit.cli.spread import spread


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        (["--classes", "0", "1"], ["--classes", "0", "--classes", "1"]),
        (["--classes", "-1", "1", "--width", "8"], ["--classes", "-1", "--classes", "1",
                                                     "--width", "8"]),
        (["--classes=0", "1"], ["--classes=0", "--classes", "1"]),
        (["--width", "8", "x"], ["--width", "8", "x"]),
        (["--classes", "0", "--", "1"], ["--classes", "0", "--", "1"]),
        (["--classes", "a", "-q", "b"], ["--classes", "a", "-q", "b"]),
        ([], []),
    ],
)  # fmt: skip
def test_values_follow_their_option(given, parsed):
    assert spread(given, {"--classes"}) == parsed
