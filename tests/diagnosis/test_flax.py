"""The blocks about Flax in the documentation; without Flax there is nothing to try."""

import re
from pathlib import Path

import jax
import numpy as np
import pytest

import surefit as sf

pytest.importorskip("flax")

PAGE = Path(__file__).parents[2] / "docs" / "your-network.md"


@pytest.mark.parametrize(
    ("title", "parameters"), [("Linen", 4 * 128 + 2 * 128 + 129), ("NNX", 4 * 128 + 129)]
)
def test_the_page_diagnoses_a_module(title, parameters):
    text = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(rf'^```text title="{title}"\n(.*?)^```$', text, re.MULTILINE | re.DOTALL)
    x = np.random.default_rng(0).standard_normal((20, 3))
    names = {"jax": jax, "sf": sf, "x": x, "y": np.sin(x[:, 0])}
    # Flax adds float32 to float64, which the settings of the tests refuse.
    with jax.numpy_dtype_promotion("standard"):
        exec(compile(block, PAGE.name, "exec"), names)
    found = names["found"]
    assert found.fit.parameters == parameters
    assert found.fit.holds is True
