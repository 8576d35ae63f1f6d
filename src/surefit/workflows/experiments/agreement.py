"""The share of test samples on which a network and its teacher choose the same class."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from surefit.training import Monitor, View

__all__ = ["agreement"]


@dataclasses.dataclass(frozen=True, eq=False)
class _Agreement(Monitor):
    """The share of samples whose largest output is that of the given class.

    Args:
        x: inputs.
        classes: numbered from 0.
    """

    x: np.ndarray
    classes: np.ndarray

    title = "share of test samples classified like the teacher does"
    name = "agreement"

    def __repr__(self) -> str:
        # What a checkpoint knows a monitor by.
        digest = hashlib.sha256(self.x.tobytes() + self.classes.tobytes()).hexdigest()[:16]
        return f"Agreement({digest})"

    def measure(self, carry: Any, view: View) -> Float[Array, ""]:
        """Between 0 and 1."""
        outputs = view.problem.network.apply(view.params, jnp.asarray(self.x))
        same = jnp.argmax(outputs, axis=1) == jnp.asarray(self.classes)
        return jnp.mean(same, dtype=outputs.dtype)


def agreement(x: Float[np.ndarray, "m d"], classes: Int[np.ndarray, " m"]) -> Monitor:
    """A monitor `agreement` with these classes on these samples."""
    return _Agreement(x, classes)
