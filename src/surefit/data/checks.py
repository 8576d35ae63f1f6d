"""Findings about rows, as checks whose notes say which rows and what follows."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from surefit.core.check import Check, Sense
from surefit.data.pairs import UNIT_ROUNDOFF, Closest
from surefit.data.rows import list_rows

__all__ = [
    "contradicting_labels",
    "duplicate_rows",
    "name_pair",
    "parallel_bound",
    "parallel_rows",
    "separated",
    "unit_norm",
]

UNIT = 1e-9

Names = Shaped[np.ndarray, " n"]
Groups = list[Int64[np.ndarray, "..."]]


def name_pair(pair: tuple[int, int] | None, names: Names) -> str:
    """`rows 3 and 17`, or `none`."""
    return "none" if pair is None else list_rows([names[pair[0]], names[pair[1]]])


def _name_groups(groups: Groups, names: Names) -> str:
    shown = "; ".join(list_rows(names[group]) for group in groups[:5])
    return shown + (f"; and {len(groups) - 5} more groups" if len(groups) > 5 else "")


def contradicting_labels(groups: Groups, y: Shaped[np.ndarray, "n k"], names: Names) -> Check:
    """How many groups of equal rows carry different labels; none is good.

    Args:
        groups: groups of equal rows.
        y: labels or targets.
        names: what to call the rows.
    """
    bad = [group for group in groups if (y[group] != y[group[:1]]).any()]
    note = "equal inputs have equal labels"
    if bad:
        note = (
            f"equal inputs with different labels: {_name_groups(bad, names)}. No function maps one "
            "input to two labels: zero loss is impossible. Remove all but one of each group"
        )
    return Check("contradicting_labels", float(len(bad)), 0.0, note=note)


def duplicate_rows(groups: Groups, names: Names) -> Check:
    """How many rows repeat an earlier one; none is good.

    Args:
        groups: groups of equal rows.
        names: what to call the rows.
    """
    count = sum(len(group) - 1 for group in groups)
    note = "no row repeats an earlier one"
    if groups:
        note = (
            f"equal: {_name_groups(groups, names)}. Equal rows make every Gram matrix singular, "
            "and no theorem here gives a rate then. Remove the repetitions, or perturb the rows "
            "(noise=1e-3)"
        )
    return Check("duplicate_rows", float(count), 0.0, note=note)


def parallel_bound(inputs: int) -> float:
    """Below this distance two normalised rows cannot be told apart: 1e-12, or more for long rows.

    Args:
        inputs: the number of features $d$; rounding makes a row of norm one wrong by at most
            $(d/2 + 3) u$ with $u = 2^{-53}$.
    """
    return max(1e-12, 4 * (inputs + 8) * UNIT_ROUNDOFF)


def parallel_rows(name: str, found: Closest, inputs: int, names: Names) -> Check:
    """The smallest distance between directions (or opposite directions), to be clearly positive.

    Args:
        name: "parallel_rows" or "antiparallel_rows".
        found: of the normalised rows.
        inputs: the number of features.
        names: what to call the rows.
    """
    opposite = name == "antiparallel_rows"
    which = "a row and the opposite of another" if opposite else "two normalised rows"
    note = f"smallest distance between {which}: {name_pair(found.pair, names)}"
    if found.count:
        shown = "; ".join(name_pair(pair, names) for pair in found.close[:5])
        more = f"; and {found.count - 5} more pairs" if found.count > 5 else ""
        why = (
            "An odd network takes opposite values there"
            if opposite
            else "A network without biases that is homogeneous takes proportional values there"
        )
        note = (
            f"{'opposite' if opposite else 'the same'} direction: {shown}{more}. {why}, so its "
            "kernel is singular. Use biases or the step append_coordinate, or perturb the rows "
            "(noise=1e-3)"
        )
    error = found.error + (inputs + 8) * UNIT_ROUNDOFF
    return Check(name, found.distance, parallel_bound(inputs), Sense.GREATER, error, note=note)


def separated(found: Closest, names: Names) -> Check:
    """That the closest two rows differ.

    Args:
        found: of the rows themselves.
        names: what to call the rows.
    """
    note = f"smallest distance between two rows: {name_pair(found.pair, names)}"
    return Check("separation", found.distance, 0.0, Sense.GREATER, found.error, note=note)


def unit_norm(norms: Float64[np.ndarray, " n"], names: Names) -> Check:
    """That every row has norm one, up to 1e-9.

    Args:
        norms: of the rows.
        names: what to call the rows.
    """
    deviations = np.abs(norms - 1.0)
    worst = int(np.argmax(deviations))
    note = "every row has norm one"
    if deviations[worst] > UNIT:
        note = (
            f"row {names[worst]} has norm {norms[worst]:.6g}. Most theorems here assume inputs of "
            "norm one. Add the step unit_norm"
        )
    return Check("unit_norm", float(deviations[worst]), UNIT, note=note)
