"""The widths that published results ask for, beside the widths that were enough."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from surefit.core.record import RunRecord
from surefit.report.figures.chart import Numbers
from surefit.report.numbers import number

__all__ = ["Demand", "by_samples", "demands_of", "outside"]

# Drawn where at most this factor outside of the widths that were tried.
NEAR = 2.0


@dataclasses.dataclass(frozen=True)
class Demand:
    """The width that one result asks for.

    Args:
        result: whose result, in words.
        width: what it asks for.
        unstated: whether it hides a constant, which is taken to be 1.
    """

    result: str
    width: float
    unstated: bool


def demands_of(record: RunRecord) -> tuple[Demand, ...]:
    """What results ask of the width on the data of a run, whatever each is about.

    The table of results where the run has it (those that count parameters left out), and every
    theorem that names a width.
    """
    found = [
        Demand(_spelt(item.result), item.width, bool(item.unstated))
        for item in record.widths
        if item.width is not None and item.counts == "width"
    ]
    if record.demands is not None:
        found += [
            Demand(_spelt(item.result), item.width, bool(item.unstated))
            for item in record.demands.rows
            if item.width is not None
        ]
    found += [
        Demand(item.title, item.prediction.width, bool(item.prediction.unstated))
        for item in record.theorems
        if item.prediction.width is not None
    ]
    unique = {item.result: item for item in found if item.width > 0}
    return tuple(unique.values())


def by_samples(
    runs: Iterable[tuple[float | int, Sequence[Demand]]],
) -> dict[tuple[str, bool], dict[float, float]]:
    """Result, and whether it hides a constant -> samples -> median width over the runs.

    The median, since some formulas contain the draw of the weights or the width itself.

    Args:
        runs: for each run its number of samples, and what results ask for.
    """
    seen: dict[tuple[str, bool], dict[float, list[float]]] = {}
    for samples, demands in runs:
        for item in demands:
            key = item.result, item.unstated
            seen.setdefault(key, {}).setdefault(float(samples), []).append(item.width)
    return {
        key: {samples: float(np.median(widths)) for samples, widths in sorted(found.items())}
        for key, found in seen.items()
    }


def outside(
    demands: Mapping[tuple[str, bool], Mapping[float, float]],
    reached: Mapping[float, float],
    widest: float,
    drawn: Collection[str] = (),
) -> tuple[tuple[str, ...], tuple[Numbers, ...]]:
    """What results ask for as a multiple of what was enough or tried, in words and numbers.

    Args:
        demands: as `by_samples` returns them.
        reached: samples -> the width that was enough, where it is known.
        widest: the largest width that was tried.
        drawn: the results that have a place in the picture.

    Returns:
        A sentence on those that have none, and a table of all; nothing where there is no result.
    """
    if not demands:
        return (), ()
    known = all(set(widths) & set(reached) for widths in demands.values())
    what = "the width that was enough" if known else f"the widest network tried ({number(widest)})"
    rows = []
    for (result, unstated), widths in demands.items():
        factors = [
            width / (reached[n] if known else widest)
            for n, width in widths.items()
            if not known or n in reached
        ]
        rows.append((result, min(factors), max(factors), "taken to be 1" if unstated else "none"))
    rows.sort(key=lambda row: row[1])
    beyond = [row for row in rows if row[0] not in drawn]
    sentences = ()
    if beyond:
        name, least, most, _ = beyond[0]
        sentences = (
            f"Published results that have no place in this picture: {len(beyond)}. The smallest "
            f"asks for {_times(least, most)} {what}: {name}. All of them are in the table below.",
        )
    columns = ("result", "factor, smallest", "factor, largest", "hidden constants")
    caption = f"The width that published results ask for, as a multiple of {what}"
    return sentences, (Numbers(caption, columns, tuple(rows)),)


def _times(least: float, most: float) -> str:
    low, high = number(least, 2), number(most, 2)
    return f"{low} times" if low == high else f"{low} to {high} times"


def _spelt(name: str) -> str:
    """`song_yang_2019` as Song Yang 2019: names have capitals, and a remark behind the year not."""
    words, before = [], True
    for word in name.split("_"):
        before = before and not word.isdecimal()
        words.append(word.capitalize() if before else word)
    return " ".join(words)
