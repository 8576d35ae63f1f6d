"""How far the drawing of a landscape has come."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from surefit.core.spectrum import SymmetricOperator

__all__ = ["Teller"]


class Teller:
    """Counts what is done, and says so.

    Args:
        hear: called with what is done and what is planned; None: nobody listens.
        products: how many products are planned.
        grid: how many points are planned.
    """

    def __init__(self, hear: Callable[[int, int], Any] | None, products: int, grid: int) -> None:
        self._hear, self._products, self._total = hear, products, products + grid
        self._done = 0

    def more(self, count: int) -> None:
        """So many more are done."""
        self._done += count
        if self._hear is not None:
            self._hear(min(self._done, self._total), self._total)

    def products_done(self) -> None:
        """No more products come; fewer than planned may have sufficed."""
        self.more(self._products - self._done)

    def listening(self, op: SymmetricOperator) -> SymmetricOperator:
        """The same operator; its products are counted."""
        return SymmetricOperator(functools.partial(self._product, op), op.size, op.error)

    def _product(self, op: SymmetricOperator, v: Any) -> Any:
        image = op.matvec(v)
        if self._done < self._products:
            self.more(1)
        return image
