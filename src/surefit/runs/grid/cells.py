"""The cells of a grid as validated specs."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.faults import explain
from surefit.runs.fields import CertifyFields
from surefit.runs.grid.axes import Axis
from surefit.runs.grid.conditions import Exclusion
from surefit.runs.own_fields import own_defaults
from surefit.runs.sources import fingerprint, is_file, split
from surefit.runs.spec import CertifySpec
from surefit.runs.toml import literal

__all__ = ["Cells", "cell_words", "make_cells"]

_SHOWN = 3  # of the faults


@dataclasses.dataclass(frozen=True)
class Cells:
    """The cells, and what one may not have meant."""

    specs: tuple[CertifySpec, ...]
    notes: tuple[str, ...]


def cell_words(values: Mapping[str, Any]) -> str:
    """A cell by its values: `width = 16, seed = 0`."""
    return ", ".join(
        f"{name} = {'unset' if value is None else literal(value)}" for name, value in values.items()
    )


def make_cells(
    name: str,
    base: Mapping[str, Any],
    axes: Sequence[Axis],
    exclusions: Sequence[Exclusion],
) -> Cells:
    """Every cell that is not left out, once.

    Raises:
        InvalidInputError: a cell contradicts itself, or none is left.
    """
    shas: dict[str, str | None] = {}
    found: dict[str, CertifySpec] = {}
    faults: dict[str, list[str]] = {}
    covered = [0] * len(exclusions)
    repeated: list[str] = []
    for varying in _products(axes):
        values = {**base, **varying}
        reasons = [n for n, one in enumerate(exclusions) if one.covers(_completed(values))]
        for number in reasons:
            covered[number] += 1
        if reasons:
            continue
        try:
            spec = _spec(values, shas)
        except InvalidInputError as fault:
            faults.setdefault(str(fault), []).append(cell_words(varying))
            continue
        if found.setdefault(spec.canonical_json(), spec) is not spec:
            repeated.append(cell_words(varying))
    if faults:
        raise InvalidInputError(_told(name, faults))
    if not found:
        raise InvalidInputError(
            f"{name} must have a cell. Got none: [[exclude]] leaves out all {sum(covered)}. "
            "Nothing would run. Narrow a condition, or delete one of these tables."
        )
    return Cells(tuple(found.values()), tuple(_notes(covered, repeated)))


def _products(axes: Sequence[Axis]) -> Iterator[dict[str, Any]]:
    names = [name for axis in axes for name in axis.names]
    for rows in itertools.product(*(axis.rows for axis in axes)):
        yield dict(zip(names, itertools.chain(*rows), strict=True))


def _completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """All fields, those that are not written with the values that they will have."""
    defaults = {name: field.default for name, field in CertifyFields.model_fields.items()}
    set_ = {name: value for name, value in values.items() if value is not None}
    network, init = (set_.get(name, defaults[name]) for name in ("network", "init"))
    return {**defaults, **own_defaults(network, init), **set_}


def _spec(values: Mapping[str, Any], shas: dict[str, str | None]) -> CertifySpec:
    """The spec of a cell; the hash of its data is looked up, or remembered."""
    written = {name: value for name, value in values.items() if value is not None}
    data = written.get("data", CertifyFields.model_fields["data"].default)
    if data not in shas:
        shas[data] = fingerprint(split(data)[1]) if is_file(data) else None
    try:
        return CertifySpec.model_validate(written, context={"data_sha256": shas[data]})
    except ValidationError as cause:
        raise InvalidInputError(explain(cause, CertifySpec.model_fields, written)) from None


def _told(name: str, faults: Mapping[str, list[str]]) -> str:
    """The faults, each with the first cell that has it."""
    lines = []
    for fault, cells in itertools.islice(faults.items(), _SHOWN):
        more = f" (and {len(cells) - 1} more)" if len(cells) > 1 else ""
        lines.append(f"{name}, cell {cells[0]}{more}: {fault}" if cells[0] else f"{name}: {fault}")
    if len(faults) > _SHOWN:
        lines.append(f"{name}: {len(faults) - _SHOWN} other faults follow when these are gone.")
    return "\n".join(lines)


def _notes(covered: Sequence[int], repeated: Sequence[str]) -> Iterator[str]:
    if repeated:
        yield (f"{_cells(len(repeated))} written twice and run once, for example {repeated[0]}.")
    if sum(covered):
        yield f"{_cells(sum(covered))} left out by [[exclude]]."
    for number, count in enumerate(covered, 1):
        if not count:
            yield f"Table {number} of [[exclude]] leaves out no cell."


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"
