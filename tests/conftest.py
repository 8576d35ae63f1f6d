"""Test-time strictness: 64-bit, strict promotion, and shape-checked annotations everywhere."""

from jaxtyping import install_import_hook

# Before the first import of the package, so that every annotation of every function is checked.
install_import_hook("surefit", "beartype.beartype")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")

from pathlib import Path  # noqa: E402

import pytest  # noqa: E402

# Cases that repeat at length what a faster case finds too: one node id a line.
SLOW_CASES = Path(__file__).with_name("slow_cases.txt")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark the listed cases slow, before slow ones are left out."""
    lines = SLOW_CASES.read_text(encoding="utf-8").splitlines()
    listed = {line for line in lines if line and not line.startswith("#")}
    for item in items:
        if item.nodeid in listed:
            item.add_marker(pytest.mark.slow)
