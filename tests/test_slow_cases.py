"""The list of slow cases names tests that exist."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
LINES = (HERE / "slow_cases.txt").read_text(encoding="utf-8").splitlines()
CASES = [line for line in LINES if line and not line.startswith("#")]


def test_no_case_is_listed_twice():
    assert CASES
    assert len(set(CASES)) == len(CASES)


@pytest.mark.parametrize("case", sorted({case.partition("[")[0] for case in CASES}))
def test_every_case_exists(case):
    file, _, function = case.partition("::")
    assert f"def {function}(" in (HERE.parent / file).read_text(encoding="utf-8")
