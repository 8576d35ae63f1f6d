"""The normalisation that the papers on implicit networks ask of the data."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError

__all__ = ["unit_rows"]


def unit_rows(
    call: str,
    x: Float[Array, "n d"] | Float[np.ndarray, "n d"],
    name: str = "x",
    norm: float = 1.0,
) -> Float[Array, "n d"]:
    """The rows, if all have the norm asked for; `call` and `name` go into the message.

    Raises:
        InvalidInputError: a row of another norm.
    """
    found = np.linalg.norm(np.asarray(x), axis=1)
    wrong = np.flatnonzero(~(np.abs(found / norm - 1.0) <= 1e-6))
    if wrong.size:
        raise InvalidInputError(
            f"`{call}({name}=...)` must have rows of norm {norm:.6g}. Got {found[wrong[0]]:.6g} in "
            f"row {wrong[0]}. The closed forms are stated for data on a sphere. Divide each row by "
            "its norm and multiply by the norm asked for."
        )
    return jnp.asarray(x)
