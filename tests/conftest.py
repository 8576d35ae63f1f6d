"""Test-time strictness: 64-bit, strict promotion, and shape-checked annotations everywhere."""

from jaxtyping import install_import_hook

# Before the first import of the package, so that every annotation of every function is checked.
install_import_hook("surefit", "beartype.beartype")

import jax  # noqa: E402

jax.config.update("jax_enable_x64", True)
jax.config.update("jax_numpy_dtype_promotion", "strict")
jax.config.update("jax_numpy_rank_promotion", "raise")
