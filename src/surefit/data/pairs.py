"""The closest pair of rows, exactly, in time of one Gram matrix and memory of one block of it."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError

__all__ = ["Closest", "Separation", "closest", "equal_rows", "separation"]

BLOCK = 1024
BATCH = 1 << 20
UNIT_ROUNDOFF = 2.0**-53


@dataclasses.dataclass(frozen=True)
class Separation:
    r"""The distance of the closest two rows.

    Args:
        delta: $\delta = \min_{i<j}\lVert x_i - x_j\rVert$; zero exactly if two rows are equal;
            infinite for a single row.
        pair: the two rows, the first one smaller; None for a single row.
        error: half-width of an interval around `delta` that holds the truth.
    """

    delta: float
    pair: tuple[int, int] | None
    error: float


@dataclasses.dataclass(frozen=True)
class Closest:
    """The pair of rows with the smallest distance, and all pairs that are very close.

    Args:
        distance: the smallest distance; infinite for a single row.
        pair: where it is attained.
        error: half-width of an interval around `distance` that holds the truth.
        close: pairs at a distance of at most the given threshold, at most `keep` of them.
        count: how many such pairs there are in all.
    """

    distance: float
    pair: tuple[int, int] | None
    error: float
    close: list[tuple[int, int]]
    count: int


def separation(x: Float64[np.ndarray, "n ..."]) -> Separation:
    r"""$\delta = \min_{i<j}\lVert x_i - x_j\rVert_2$ over all pairs of rows, and where.

    Distances from a Gram matrix lose half the digits to cancellation. They serve here only to
    discard pairs that, their rounding error taken into account, cannot be the closest; the
    distance of every pair that is left is computed from the difference of its two rows, to a
    relative error of $(d + 8)\,2^{-53}$.

    Args:
        x: the rows; images count as vectors.

    Returns:
        The distance, the pair, and the error of the distance.

    Raises:
        InvalidInputError: there is no row, or a number is not finite.
        MemoryLimitError: the search would not fit into memory.

    Cost:
        $n^2 d$ operations, and memory for four copies of x and three blocks of 1024 x 1024
        numbers.

    Example:
        >>> import numpy as np
        >>> from surefit.data import separation
        >>> found = separation(np.array([[0.0, 0.0], [3.0, 4.0], [3.0, 4.5]]))
        >>> found.delta, found.pair
        (0.5, (1, 2))
    """
    found = closest(x)
    return Separation(found.distance, found.pair, found.error)


def closest(
    x: Float64[np.ndarray, "n ..."], sign: int = 1, within: float = 0.0, keep: int = 100
) -> Closest:
    r"""The smallest $\lVert x_i - s\,x_j\rVert$ over $i < j$, $s$ = `sign`, as in `separation`.

    Args:
        x: the rows.
        sign: +1 for distances, -1 for distances to the antipodes.
        within: pairs at most this far apart are listed; of a group of equal rows the first with
            each of the others.
        keep: how many of them at most.

    Raises:
        InvalidInputError: there is no row, or a number is not finite.
        MemoryLimitError: the search would not fit into memory.
    """
    if x.size == 0 or not np.isfinite(x).all():
        raise InvalidInputError(
            "`separation(x=...)` must be given at least one row of finite numbers. Got shape "
            f"{x.shape}{' with a NaN or an infinity' * bool(x.size)}. No distance is defined. "
            "Remove such rows."
        )
    rows = x.reshape(len(x), -1)
    require_bytes(
        4 * x.nbytes + 3 * 8 * min(BLOCK, len(x)) ** 2,
        f"The search for the closest of {len(x)} rows of {rows.shape[1]} numbers",
        "Select fewer rows.",
    )
    twins = equal_rows(rows) if sign > 0 else []
    known = [(int(group[0]), int(other)) for group in twins for other in group[1:]]
    if known and within == 0.0:
        return Closest(0.0, known[0], 0.0, known[:keep], len(known))
    # Equal rows are settled; a crowd of them would only make the search long.
    kept = np.ones(len(rows), dtype=bool)
    kept[[other for _, other in known]] = False
    places = np.flatnonzero(kept)
    scan = _Scan(rows[places], sign, within, keep)
    scan.run()
    pair = known[0] if known else scan.pair and _renumbered(scan.pair, places)
    close = known + [_renumbered(found, places) for found in scan.close]
    distance = 0.0 if known else scan.best
    error = distance * (rows.shape[1] + 8) * UNIT_ROUNDOFF if pair else 0.0
    return Closest(distance, pair, error, close[:keep], len(known) + scan.count)


def equal_rows(rows: Float64[np.ndarray, "n d"]) -> list[np.ndarray]:
    """Groups of two or more rows that are equal entry by entry, in the order of first members."""
    groups: dict[bytes, list[int]] = {}
    for index, row in enumerate(rows + 0.0):  # adding zero turns -0.0 into 0.0
        groups.setdefault(row.tobytes(), []).append(index)
    return [np.array(group) for group in groups.values() if len(group) > 1]


def _renumbered(pair: tuple[int, int], places: np.ndarray) -> tuple[int, int]:
    return int(places[pair[0]]), int(places[pair[1]])


class _Scan:
    """The state of one search: the best pair so far, and what screening needs."""

    def __init__(self, rows: np.ndarray, sign: int, within: float, keep: int) -> None:
        self.rows, self.sign, self.within, self.keep = rows, sign, within, keep
        # Screening works on entries of size one at most (the division is exact), so that no
        # square overflows, and on centred rows: a common shift changes no distance and makes the
        # products small. Sums x_i + x_j have no such shift.
        self.scale = 2.0 ** int(np.frexp(np.max(np.abs(rows)))[1] - 1)
        rows = rows / self.scale
        self.shifted = rows - rows.mean(axis=0)[None, :] if sign > 0 else rows
        self.squares = np.einsum("ij,ij->i", self.shifted, self.shifted)
        self.norms = np.sqrt(self.squares)
        # |fl(<a,b>) - <a,b>| <= d u |a||b| for any order of summation (Higham 2002, section 3.1),
        # so s_i + s_j - 2<a,b> is off by at most (d + 7) u (|a| + |b|)^2, the rounding of shift
        # and sums included; twice that, to be safe against second-order terms.
        self.slack = 2.0 * (rows.shape[1] + 8) * UNIT_ROUNDOFF
        self.best: float = np.inf
        self.pair: tuple[int, int] | None = None
        self.close: list[tuple[int, int]] = []
        self.count = 0

    def run(self) -> None:
        """Look at all pairs."""
        starts = range(0, len(self.rows), BLOCK)
        for top in starts:
            for left in starts[top // BLOCK :]:
                self._block(top, left)

    def _block(self, top: int, left: int) -> None:
        low = self._lower_bounds(top, left)
        width = low.shape[1]
        first = int(np.argmin(low))
        if low.flat[first] == np.inf:
            return
        # The best candidate first: with a good `best`, almost nothing else is left to measure.
        self._measure(*_pairs(np.array([first]), top, left, width))
        limit = max(self.best, self.within) / self.scale
        places = np.flatnonzero(low <= limit * limit * (1.0 + 1e-14))
        batch = max(1, BATCH // self.rows.shape[1])
        for start in range(0, len(places), batch):
            i, j = _pairs(places[start : start + batch], top, left, width)
            self._list(i, j, self._measure(i, j))

    def _lower_bounds(self, top: int, left: int) -> np.ndarray:
        # Squared distances, minus all that rounding can have added to them.
        a, b = slice(top, top + BLOCK), slice(left, left + BLOCK)
        low = self.shifted[a] @ self.shifted[b].T
        low *= -2.0 * self.sign
        low += self.squares[a, None]
        low += self.squares[None, b]
        reach = self.norms[a, None] + self.norms[None, b]
        reach *= reach
        reach *= self.slack
        # For rows so small beside the others that their squares underflow.
        reach += 2.0**-1000
        low -= reach
        if top == left:
            low[np.tril_indices(len(low))] = np.inf
        return low

    def _measure(self, i: np.ndarray, j: np.ndarray) -> np.ndarray:
        distances = _norms(self.rows[i] - self.sign * self.rows[j])
        least = int(np.argmin(distances))
        if distances[least] < self.best:
            self.best, self.pair = float(distances[least]), (int(i[least]), int(j[least]))
        return distances

    def _list(self, i: np.ndarray, j: np.ndarray, distances: np.ndarray) -> None:
        found = np.flatnonzero(distances <= self.within)
        self.count += len(found)
        room = max(0, self.keep - len(self.close))
        self.close += [(int(i[k]), int(j[k])) for k in found[:room]]


def _pairs(places: np.ndarray, top: int, left: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    return top + places // width, left + places % width


def _norms(differences: np.ndarray) -> np.ndarray:
    largest = np.max(np.abs(differences), axis=1)
    safe = np.where(largest > 0.0, largest, 1.0)
    return largest * np.sqrt(np.sum((differences / safe[:, None]) ** 2, axis=1))
