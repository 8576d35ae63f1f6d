"""The examples in docstrings are executed."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize("module", ["loader", "pairs", "prepare"])
def test_examples(module):
    found = doctest.testmod(importlib.import_module(f"surefit.data.{module}"))
    assert found.attempted > 0
    assert found.failed == 0
