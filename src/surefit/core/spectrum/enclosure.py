"""A number with an interval that holds the truth, and how far that can be relied upon."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from surefit.core.check import Check, Evidence, Sense
from surefit.core.rounding import down, up
from surefit.errors import InvalidInputError

__all__ = ["Enclosure"]


@dataclasses.dataclass(frozen=True)
class Enclosure:
    """A computed number and an interval around it that holds the true one.

    `float(enclosure)` is the value, and so is what a format code such as `f"{enclosure:.3g}"`
    shows.

    Args:
        lower: the truth is not below.
        value: the best single number, between the two.
        upper: the truth is not above. May be infinite.
        evidence: `float` where the interval follows from a bound on the rounding errors of the
            computation; `sampled` where it holds with high probability over a random start.
        failure_probability: for `sampled`, a bound on the probability that the truth lies
            outside; None where no bound is known, 0 for every stronger evidence.
    """

    lower: float
    value: float
    upper: float
    evidence: Evidence = Evidence.FLOAT
    failure_probability: float | None = 0.0

    def __post_init__(self) -> None:
        if not self.lower <= self.value <= self.upper:
            raise InvalidInputError(
                "`Enclosure(lower, value, upper)` must have lower <= value <= upper. Got "
                f"{self.lower}, {self.value}, {self.upper}. An interval in the wrong order holds "
                "nothing. Check the computation for NaN and for a bound with the wrong sign."
            )

    @classmethod
    def around(cls, value: float, error: float, **kwargs: Any) -> Enclosure:
        """The interval of half-width `error` around `value`, rounded outward."""
        if error == 0.0:
            return cls(float(value), float(value), float(value), **kwargs)
        return cls(float(down(value - error)), float(value), float(up(value + error)), **kwargs)

    @property
    def error(self) -> float:
        """How far the truth can be from `value`."""
        gap = max(self.upper - self.value, self.value - self.lower)
        return 0.0 if gap == 0.0 else float(up(gap))

    def contains(self, x: float) -> bool:
        """Whether `x` lies in the interval."""
        return bool(self.lower <= x <= self.upper)

    def sqrt(self) -> Enclosure:
        """The enclosure of the square root; the part of the interval below zero counts as zero.

        It turns the eigenvalues of a Gram matrix into singular values of its factor.

        Raises:
            InvalidInputError: the whole interval is negative.
        """
        if self.upper < 0:
            raise InvalidInputError(
                "`Enclosure.sqrt()` must be asked of an interval that reaches zero. Got upper = "
                f"{self.upper}. A number below zero has no real root. If it is an eigenvalue of a "
                "Gram matrix, the matrix is not positive semi-definite: check how it was computed."
            )
        low, mid, high = (math.sqrt(max(x, 0.0)) for x in (self.lower, self.value, self.upper))
        return dataclasses.replace(
            self, lower=max(0.0, float(down(low))), value=mid, upper=float(up(high))
        )

    def check(
        self, name: str, bound: float, sense: Sense = Sense.AT_LEAST, note: str = ""
    ) -> Check:
        """Hold the number against a bound, with its error and its evidence."""
        if self.evidence is Evidence.SAMPLED and not note and self.failure_probability is not None:
            note = f"wrong with probability at most {self.failure_probability:.1e} over the start"
        return Check(name, self.value, bound, sense, self.error, self.evidence, note)

    def __float__(self) -> float:
        return self.value

    def __format__(self, code: str) -> str:
        return format(self.value, code) if code else str(self)

    def __str__(self) -> str:
        return f"{self.value:.6g} in [{self.lower:.6g}, {self.upper:.6g}]"
