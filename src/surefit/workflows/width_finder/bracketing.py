"""Which widths are tried: doubling until the answer changes, then bisection on a log grid."""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["DOUBLING", "GRID", "bracket", "width_grid"]

GRID = 2.0**0.25
"""Ratio of neighbouring widths, as far as rounding allows."""
DOUBLING = 4
"""So many places of the grid are a factor of two."""


def width_grid(unit: int, largest: int) -> list[int]:
    """The widths $2^{k/4}$, rounded to multiples of `unit`, up to the largest and with it.

    Args:
        unit: what every width must be a multiple of.
        largest: no width is larger.

    Returns:
        Ascending; the unit itself at least, whatever the largest.
    """
    top = math.ceil(math.log(max(largest, 2)) / math.log(GRID))
    grid = {unit * max(1, round(GRID**k / unit)) for k in range(top + 1)}
    grid = {width for width in grid if width <= largest} | {max(unit, largest - largest % unit)}
    return sorted(grid)


def bracket(
    grid: list[int], start: int, succeeds: Callable[[int], bool]
) -> tuple[int | None, int | None]:
    """Neighbours of the grid between which the answer changes from no to yes.

    Args:
        grid: widths, ascending.
        start: the width near which the search begins.
        succeeds: the answer at a width of the grid, presumed not to change back.

    Returns:
        The widest that fails, None if the narrowest succeeds; and the narrowest that succeeds,
        None if the widest fails.
    """
    at = min(range(len(grid)), key=lambda i: abs(math.log(grid[i] / start)))
    # All up to grid[low] fail, all from grid[high] on succeed, as far as was looked.
    low, high = -1, len(grid)
    while high - low > 1:
        if succeeds(grid[at]):
            high = at
        else:
            low = at
        if low < 0 and high > 0:
            at = max(0, high - DOUBLING)
        elif high == len(grid):
            at = min(len(grid) - 1, low + DOUBLING)
        else:
            at = (low + high) // 2
    return grid[low] if low >= 0 else None, grid[high] if high < len(grid) else None
