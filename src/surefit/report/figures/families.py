"""Runs that differ in width, samples and seed only: what a phase diagram is about."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["Family", "families", "finished"]

Row = Mapping[str, Any]

# What runs of one family have in common: all that is asked for besides width, samples and seed.
_SPEC = (
    "kind", "experiment", "data", "data_sha256", "target", "classes", "network", "activation",
    "init", "depth", "gamma", "loss", "method_asked", "step_size_asked", "steps_asked",
    "target_loss", "preprocess", "labels", "noise", "weight_std", "antisymmetric", "trained",
    "skip", "output_scale", "tau", "window", "shared", "bias_scale", "batch_size",
    "polish", "from_start", "theorems", "monitors", "every", "bias_std", "kernel", "pooling",
    "ridge", "observation_noise", "test_fraction",
)  # fmt: skip
_WORDS = {"method_asked": "method", "step_size_asked": "step size", "steps_asked": "steps at most"}
_LENGTH = 90


@dataclasses.dataclass(frozen=True)
class Family:
    """Runs that differ in width, samples and seed only.

    Args:
        ident: its number, from 0.
        label: what tells it from the others of the store; of a single family, what it is. In a
            menu it has to be short: `whole` is all of it.
        kind: `certify`, `kernel` or `experiment`.
        rows: its finished runs.
        whole: the label in full.
    """

    ident: int
    label: str
    kind: str
    rows: tuple[Row, ...]
    whole: str

    def values(self, name: str) -> tuple[Any, ...]:
        """The different values of a column, ascending; None left out."""
        return tuple(sorted({row[name] for row in self.rows if row.get(name) is not None}))


def finished(rows: Iterable[Row]) -> list[Row]:
    """The rows of runs that ended; failures and what cannot be read are left out."""
    return [row for row in rows if row.get("status") not in ("failed", "unreadable")]


def families(rows: Iterable[Row]) -> list[Family]:
    """The families of a store, the largest first."""
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in finished(rows):
        groups.setdefault(tuple(row.get(name) for name in _SPEC), []).append(row)
    # By size; among equals in the order of the names of their runs.
    ranked = sorted(groups.items(), key=lambda item: -len(item[1]))
    varying = [
        index
        for index, name in enumerate(_SPEC)
        if len({key[index] for key in groups}) > 1 and name != "data_sha256"
    ]
    labels = [_label(key, varying) for key, _ in ranked]
    return [
        Family(number, _short(label), str(key[0]), tuple(members), label)
        for number, (label, (key, members)) in enumerate(zip(labels, ranked, strict=True))
    ]


def _label(key: tuple[Any, ...], varying: list[int]) -> str:
    named = dict(zip(_SPEC, key, strict=True))
    parts = [
        str(named[name])
        for name in ("experiment", "data", "network", "activation")
        if named[name] is not None
    ]
    shown = {"experiment", "data", "network", "activation"}
    for index in varying:
        name = _SPEC[index]
        if name in shown or key[index] is None:
            continue
        parts.append(f"{_WORDS.get(name, name.replace('_', ' '))} {_plain(key[index])}")
    return ", ".join(parts) or "runs"


def _short(text: str) -> str:
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
