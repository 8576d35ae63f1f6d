"""Which cell is next."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

from surefit.workflows.sweeps.plan import Cell

__all__ = ["Agenda"]


class Agenda:
    """The cells that are still to be done.

    Cells that compile alike go to the same worker in turn, costly groups first. A worker whose
    group is empty takes a group that nobody has, then part of the largest group of another one.

    Args:
        cells: all of them.
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self._groups: dict[str, deque[Cell]] = {}
        self._later: list[tuple[float, Cell]] = []
        self._owner: dict[str, object] = {}
        for cell in sorted(cells, key=lambda cell: -cell.cost):  # stable: equal costs keep order
            self._groups.setdefault(cell.group, deque()).append(cell)

    def __len__(self) -> int:
        return sum(map(len, self._groups.values())) + len(self._later)

    def next(
        self, worker: object, group: str | None, now: float, fits: Callable[[Cell], bool]
    ) -> Cell | None:
        """A cell for a worker whose last cell was of `group`, or None if there is none now.

        Args:
            worker: who asks.
            group: of its last cell.
            now: of the clock that `later` speaks of.
            fits: whether a cell can run now.
        """
        for due, cell in [*self._later]:
            if due <= now:
                self._later.remove((due, cell))
                self.put_back(cell)
        ready = [name for name, cells in self._groups.items() if cells and fits(cells[0])]
        free = [name for name in ready if self._owner.get(name) in (None, worker)]
        if group in free:
            chosen = group
        elif free:
            chosen = free[0]
        elif ready:
            chosen = max(ready, key=lambda name: len(self._groups[name]))
        else:
            return None
        self._owner.setdefault(chosen, worker)
        return self._groups[chosen].popleft()

    def put_back(self, cell: Cell) -> None:
        """A cell that was given out and not done: it is the next one of its group."""
        self._groups.setdefault(cell.group, deque()).appendleft(cell)

    def later(self, cell: Cell, due: float) -> None:
        """A cell that cannot be done before the time `due`."""
        self._later.append((due, cell))

    def leave(self, worker: object) -> None:
        """A worker is gone; its groups are anybody's."""
        self._owner = {name: owner for name, owner in self._owner.items() if owner is not worker}

    def forget(self) -> None:
        """Nothing more is to be done."""
        self._groups.clear()
        self._later.clear()
