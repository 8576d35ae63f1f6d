"""The numbers that `diagnose` is given, checked before any work."""

from __future__ import annotations

import math
from collections.abc import Sequence

from surefit.errors import InvalidInputError

__all__ = ["require_numbers"]


def require_numbers(
    step_size: float | None,
    target_losses: Sequence[float] | None,
    tolerance: float,
    samples: int | None,
    hardest: int,
    memory_limit: int | None,
) -> None:
    """Refuse numbers that ask for nothing.

    Raises:
        InvalidInputError: one of them is out of range.
    """
    if step_size is not None and not 0.0 < step_size < math.inf:
        raise _wrong("step_size", "positive and finite", step_size,
                     "Descent goes downhill by it", "Leave it out for the safe one")  # fmt: skip
    if target_losses is not None:
        for target in target_losses:
            if not 0.0 < target < math.inf:
                raise _wrong("target_losses", "positive and finite numbers", target,
                             "No number of steps reaches a loss of zero",
                             "Write the losses that are small enough for you")  # fmt: skip
    if not 0.0 < tolerance < math.inf:
        raise _wrong("tolerance", "positive and finite", tolerance,
                     "No network of finite width equals its linearisation",
                     "Write 0.1, say")  # fmt: skip
    if samples is not None and samples < 1:
        raise _wrong("samples", "at least 1", samples, "A kernel has a row per sample",
                     "Leave it out for what time and memory allow")  # fmt: skip
    if hardest < 1:
        raise _wrong("hardest", "at least 1", hardest, "So many samples are explained",
                     "Write 5, say")  # fmt: skip
    if memory_limit is not None and memory_limit < 1:
        raise _wrong("memory_limit", "a positive number of bytes", memory_limit,
                     "It bounds what is held at the peak", "Write 2 * 2**30 for 2 GiB")  # fmt: skip


def _wrong(name: str, must: str, got: object, why: str, instead: str) -> InvalidInputError:
    return InvalidInputError(f"`diagnose({name}=...)` must be {must}. Got {got}. {why}. {instead}.")
