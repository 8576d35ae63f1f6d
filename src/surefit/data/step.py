"""The extension point of preprocessing: a named step that turns inputs into inputs."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from jaxtyping import Float64

from surefit.core.catalogue import Catalogue

__all__ = ["STEPS", "Step", "parse_steps"]


class Step(abc.ABC):
    """A named preprocessing step.

    To add one, write a frozen dataclass in a new file of `surefit/data/steps/` with `description`
    and `apply`. Its name in the catalogue is the snake case of the class name. A step that learns
    something from the data (a mean, a range) keeps it in a field that is None until `fit`.

    Attributes:
        description: what it does, in a few words.
    """

    description: ClassVar[str]

    @abc.abstractmethod
    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """The inputs behind the step; a step that is not fitted uses the statistics of `x`.

        Raises:
            InvalidInputError: the step is not defined for some row.
        """

    def fit(self, x: Float64[np.ndarray, "n ..."]) -> Step:
        """The same step with everything that it learns taken from `x`; here: nothing."""
        return self


STEPS: Catalogue[Step] = Catalogue("preprocessing step", Step, "surefit.data.steps")


def parse_steps(steps: Sequence[str | Step] | str) -> tuple[Step, ...]:
    """Turn names into steps.

    Args:
        steps: names of the catalogue `STEPS` or steps, in the order of application; or one string
            with the names separated by commas. An empty string or sequence is no step at all.

    Raises:
        UnknownNameError: no such step; the message suggests the nearest.
    """
    if isinstance(steps, str):
        steps = [name.strip() for name in steps.split(",") if name.strip()]
    return tuple(STEPS[step]() if isinstance(step, str) else step for step in steps)
