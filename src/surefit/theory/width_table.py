"""The width that each result asks for, on the user's data: Table 1 of Song et al. computed.

The table of the paper lists powers of the number of samples. Here the formulas behind them are
evaluated: with the spectra and separations of the data where the results name them, with a named
constant where they hide one.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from surefit.core.check import Check
from surefit.core.precision import float64
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.theory.setting import Setting
from surefit.theory.width_row import WidthRow
from surefit.theory.width_rows import CONSTANTS, width_rows

__all__ = ["WidthTable", "width_table"]


@dataclasses.dataclass(frozen=True)
class WidthTable:
    """What every result asks of the width, smallest first.

    Args:
        rows: the results; those without a value last.
        width: the smallest hidden width of the user's network; None where it has none.
        sufficient: the row with the smallest width among those whose constants are all explicit
            and that speak of the run's dynamics; None where there is none.
    """

    rows: tuple[WidthRow, ...]
    width: float | None
    sufficient: WidthRow | None

    def __getitem__(self, result: str) -> WidthRow:
        """The row of a result.

        Raises:
            UnknownNameError: no result has that name.
        """
        for row in self.rows:
            if row.result == result:
                return row
        raise UnknownNameError("result", result, [row.result for row in self.rows])

    def gap(self, row: WidthRow) -> float | None:
        """How many times wider than what suffices the row asks for; None without a value."""
        if row.width is None or self.sufficient is None or self.sufficient.width is None:
            return None
        return row.width / self.sufficient.width if math.isfinite(self.sufficient.width) else None

    def check(self, row: WidthRow) -> Check:
        """The user's width against the row."""
        if self.width is None or row.width is None:
            return Check.undecided("width m", row.note, unstated=row.unstated)
        return row.check(self.width)


@float64
def width_table(setting: Setting, constants: Mapping[str, float] | None = None) -> WidthTable:
    r"""The width that each listed result asks for on this data.

    Args:
        setting: the user's problem, start and dynamics.
        constants: values of hidden constants, by the names in `CONSTANTS`; 1 where not given. A
            row that depends on one carries its name and decides nothing.

    Returns:
        The rows with their binding conditions, and what suffices.

    Raises:
        UnknownNameError: no constant has that name.
        InvalidInputError: a constant is not positive and finite.

    Cost:
        The limit kernel of a ReLU network and the feature kernel of the user's, the closest pair
        of samples, and a few spectra of order $n$.

    References:
        Song et al. (2021), arXiv 2111.01875, Table 1.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> from surefit.theory import Setting
        >>> from surefit.theory.width_table import width_table
        >>> network = sf.models.shallow_family(512, inputs=4, init="song")
        >>> problem = sf.Problem(network, np.eye(4), np.ones(4) / 2)
        >>> table = width_table(Setting(problem, problem.init(0), 0.1))
        >>> f"{table['allen_zhu_2019'].width:.0e}", table["allen_zhu_2019"].unstated
        ('1e+23', ('allen_zhu',))
    """
    chosen = dict.fromkeys(CONSTANTS, 1.0)
    for name, value in (constants or {}).items():
        if name not in CONSTANTS:
            raise UnknownNameError("hidden constant", name, CONSTANTS)
        if not 0.0 < value < math.inf:
            raise InvalidInputError(
                f"`width_table(constants=...)` must be positive and finite. Got {name} = {value}. "
                "It multiplies a width. Leave it out for 1."
            )
        chosen[name] = float(value)
    rows = width_rows(setting, chosen)
    explicit = [
        row
        for row in rows
        if not row.unstated and row.width is not None and row.dynamics == setting.dynamics
    ]
    width = setting.structure.width
    return WidthTable(
        rows=tuple(sorted(rows, key=lambda row: math.inf if row.width is None else row.width)),
        width=None if width is None else float(width),
        sufficient=min(explicit, key=lambda row: row.width, default=None),
    )
