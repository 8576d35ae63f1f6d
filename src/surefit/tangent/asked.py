"""What is asked of a tangent kernel: which outputs, on which examples."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.errors import InvalidInputError
from surefit.tangent.factors import Form

__all__ = ["Asked", "require_batches", "understood"]

_SHOWN = 8


@dataclasses.dataclass(frozen=True)
class Asked:
    """Which pairs of outputs, and how they are shown.

    Args:
        form: what is computed.
        only: the number of one output; None: all.
        divisor: what the kernel is divided by.
    """

    form: Form
    only: int | None = None
    divisor: int = 1

    def finish(self, kernel: Float[Array, "n1 ..."]) -> Float[Array, "n1 n2 ..."]:
        """Examples in front, outputs behind."""
        if self.form == "full":
            return jnp.transpose(kernel, (0, 2, 1, 3))
        if self.form == "per_output":
            return jnp.transpose(kernel, (0, 2, 1))
        return kernel if self.divisor == 1 else kernel / self.divisor


def understood(outputs: Any, shapes: Any) -> Asked:
    """The form behind the argument `outputs`.

    Args:
        outputs: as users write it.
        shapes: of the outputs of a batch.

    Raises:
        InvalidInputError: it is none of the known words, nor the number of an output.
    """
    k = math.prod(shapes.shape[1:])
    if outputs in ("full", "trace", "per_output"):
        return Asked(outputs)
    if outputs == "mean":
        return Asked("trace", divisor=k)
    if isinstance(outputs, int | np.integer) and -k <= outputs < k:
        return Asked("trace", only=int(outputs) % k)
    raise InvalidInputError(
        "`empirical_ntk(outputs=...)` must be 'mean', 'trace', 'per_output', 'full' or the number "
        f"of an output below {k}. Got {outputs!r}. The kernel of several outputs has one block per "
        "pair of outputs. Use 'full' to get every block."
    )


def require_batches(call: str, x1: Any, x2: Any) -> tuple[Array, Array | None]:
    """Two batches of examples of one shape, all finite.

    Raises:
        InvalidInputError: no axis of examples, no example, different shapes, NaN or infinity.
    """
    first = _batch(call, "x1", x1)
    second = None if x2 is None else _batch(call, "x2", x2)
    other = first if second is None else second
    if not first.ndim or not other.ndim or first.shape[1:] != other.shape[1:]:
        raise InvalidInputError(
            f"`{call}(x1=..., x2=...)` must be given batches of examples of one shape. Got shapes "
            f"{first.shape} and {other.shape}. The first axis counts examples. Reshape them to "
            "(n1, ...) and (n2, ...) with the same rest."
        )
    if not first.size or not other.size:
        raise InvalidInputError(
            f"`{call}(x1=..., x2=...)` must be given at least one example. Got shapes "
            f"{first.shape} and {other.shape}. A kernel has a row per example. Check how the batch "
            "was selected."
        )
    for name, batch in (("x1", first), ("x2", second)):
        if batch is not None and jnp.issubdtype(batch.dtype, jnp.inexact):
            _require_finite(call, name, batch)
    return first, second


def _batch(call: str, name: str, batch: Any) -> Array:
    try:
        return jnp.asarray(batch)
    except (TypeError, ValueError) as cause:
        raise InvalidInputError(
            f"`{call}({name}=...)` must be an array of numbers. Got {type(batch).__name__} "
            f"({cause}). Networks take numbers. Encode words as numbers first."
        ) from cause


def _require_finite(call: str, name: str, batch: Array) -> None:
    try:
        rows = np.asarray(jnp.isfinite(batch).reshape(len(batch), -1).all(axis=1))
    except jax.errors.TracerArrayConversionError:
        return
    if rows.all():
        return
    bad = np.flatnonzero(~rows)
    shown = ", ".join(map(str, bad[:_SHOWN])) + (", ..." if len(bad) > _SHOWN else "")
    raise InvalidInputError(
        f"`{call}({name}=...)` must be finite. Got NaN or infinity in {len(bad)} of {len(rows)} "
        f"examples: {shown}. The kernel would be NaN in their rows and columns. Remove these "
        "examples, or fill in what is missing."
    )
