"""The form of a failed property, and what every building block must satisfy."""

from __future__ import annotations

import copy
import dataclasses
import functools
from typing import Any

import jax
import numpy as np
from jax.typing import ArrayLike

__all__ = ["claim", "claim_close", "claim_value_semantics", "quick_jit"]

# A suite runs every program once or twice: compiling it well takes longer than running it.
quick_jit = functools.partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})


def claim(subject: object, rule: str, holds: object, detail: str = "") -> None:
    """Raise an `AssertionError` naming subject and property unless it holds."""
    if not bool(holds):
        raise AssertionError(f"{subject!r} must satisfy: {rule}. {detail}".rstrip())


def claim_close(
    subject: object,
    rule: str,
    found: ArrayLike,
    expected: ArrayLike,
    tolerance: ArrayLike,
) -> None:
    """Claim that two arrays agree to an absolute tolerance everywhere; NaN agrees with nothing."""
    found, expected = np.asarray(found), np.asarray(expected)
    claim(
        subject,
        rule,
        found.shape == expected.shape,
        f"Got shape {found.shape} where {expected.shape} is due.",
    )
    allowed = np.broadcast_to(np.asarray(tolerance), found.shape)
    wrong = ~(np.abs(found - expected) <= allowed)
    if wrong.any():
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        claim(
            subject,
            rule,
            False,
            f"At {int(wrong.sum())} of {wrong.size} places they differ; first at {first}: "
            f"{found[first]} against {expected[first]}, tolerance {allowed[first]:.3g}.",
        )


def claim_value_semantics(subject: Any) -> None:
    """A building block is a frozen dataclass, equal to its copies and hashable."""
    claim(subject, "is an instance of a dataclass", dataclasses.is_dataclass(subject))
    twin = copy.copy(subject)
    try:
        same = hash(subject) == hash(twin)
    except TypeError as error:
        claim(subject, "is hashable", False, f"{error}. Hold tuples and numbers, not arrays.")
    claim(subject, "equals its copies, also by hash", subject == twin and same)
    try:
        # A dataclass that is not frozen lets this pass.
        twin.some_attribute_that_nobody_has = None
    except dataclasses.FrozenInstanceError:
        return
    claim(subject, "is frozen", False, "Write `@dataclasses.dataclass(frozen=True)`.")
