r"""Chebyshev expansions with error control, evaluated by the cheaper rule that keeps the digits."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Array, Float
from numpy.polynomial import chebyshev

__all__ = ["NODES", "Polynomial", "chop", "nodes"]

Entries = Float[Array, "..."] | Float[np.ndarray, "..."]

NODES = 96
# Horner's rule rounds in proportion to the sum of the sizes of the coefficients of powers.
MOST_GROWTH = 16.0


@dataclasses.dataclass(frozen=True)
class Polynomial:
    """A polynomial on [-1, 1].

    Args:
        chebyshev: its coefficients.
        powers: those of powers of z, where Horner's rule loses nothing; else empty.
    """

    chebyshev: tuple[float, ...]
    powers: tuple[float, ...]

    @classmethod
    def of(cls, coefficients: Float[np.ndarray, " k"]) -> Polynomial:
        """With powers where they are small enough."""
        powers = chebyshev.cheb2poly(coefficients)
        small = np.abs(powers).sum() <= MOST_GROWTH * np.abs(coefficients).sum()
        return cls(tuple(map(float, coefficients)), tuple(map(float, powers)) if small else ())

    @property
    def degree(self) -> int:
        """The highest power."""
        return len(self.chebyshev) - 1

    def __call__(self, z: Entries) -> Entries:
        """The values, by Horner's rule, or by Clenshaw's at twice the cost."""
        if self.powers:
            total = 0.0 * z + self.powers[-1]
            for c in self.powers[-2::-1]:
                total = total * z + c
            return total
        now, before = 0.0 * z, 0.0 * z
        twice = 2.0 * z
        for c in self.chebyshev[:0:-1]:
            now, before = twice * now - before + c, now
        return z * now - before + self.chebyshev[0]


def nodes() -> Float[np.ndarray, " nodes"]:
    """Chebyshev's points of the first kind in [-1, 1], rising."""
    return -np.cos(np.pi * (np.arange(NODES) + 0.5) / NODES)


def chop(
    z: Float[np.ndarray, " nodes"], values: Float[np.ndarray, " nodes"], least: float
) -> Float[np.ndarray, " k"]:
    """The shortest expansion through the values.

    Args:
        z: near `nodes()`, where the equations are well conditioned.
        values: there.
        least: a coefficient that need not be kept. Where they level off above it because the
            values are not exact, they are cut off at that level.
    """
    coefficients = np.linalg.solve(chebyshev.chebvander(z, NODES - 1), values)
    size = np.abs(coefficients)
    floor = 8.0 * size[-NODES // 4 :].max()
    return coefficients[: int(np.flatnonzero(size > max(least, floor)).max(initial=0)) + 1]
