"""The widths that the literature asks for, as a run records them."""

from __future__ import annotations

from surefit.core.widths import WidthDemand
from surefit.theory import Setting
from surefit.theory.width_table import width_table

__all__ = ["width_demands"]


def width_demands(setting: Setting) -> tuple[WidthDemand, ...]:
    """What every listed result asks of the width, smallest first.

    Args:
        setting: the user's problem, start and dynamics.

    Returns:
        One entry per result; none for networks that are not fully connected.

    Cost:
        That of `surefit.theory.width_table.width_table`.
    """
    structure = setting.structure
    if not structure.fully_connected or structure.width is None:
        return ()
    table = width_table(setting)
    return tuple(
        WidthDemand(
            result=row.result,
            network=row.network,
            dynamics=row.dynamics,
            scaling=row.scaling,
            counts=row.counts,
            width=row.width,
            binding="" if row.binding is None else row.binding.formula,
            holds=table.check(row).holds,
            gap=table.gap(row),
            unstated=row.unstated,
            provenance=str(row.provenance),
            evidence=str(row.evidence),
            note=row.note,
        )
        for row in table.rows
    )
