"""What can be known of many runs before the first of them begins."""

from __future__ import annotations

import math
from collections.abc import Iterable

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec
from surefit.workflows.certifying import require_names
from surefit.workflows.preparation import bytes_needed

__all__ = ["foresee"]

# Numbers that make no difference to which names are known and what suits what.
_NUMBERS = ("samples", "samples_per_class", "width", "seed", "steps", "step_size", "target_loss",
            "noise", "batch_size", "every")  # fmt: skip


def foresee(cells: Iterable[CertifySpec]) -> tuple[CertifySpec, int]:
    """Make sure that runs can begin, and find the one that needs the most memory.

    Of the runs that differ in numbers only, the largest one is prepared: the names in it must be
    known, and network, data and loss must suit each other.

    Args:
        cells: at least one run.

    Returns:
        The run with the largest need, and the bytes that it will allocate at most.

    Raises:
        InvalidInputError: a run cannot begin; the message names it.
        StorageError: data cannot be read.

    Cost: loading the data once for each combination of names.
    """
    kinds: dict[str, CertifySpec] = {}
    for spec in cells:
        fields = spec.model_dump(mode="json")
        kind = repr([value for name, value in fields.items() if name not in _NUMBERS])
        other = kinds.get(kind)
        if other is None or _size(spec) > _size(other):
            kinds[kind] = spec
    found = []
    for spec in kinds.values():
        try:
            require_names(spec)
            found.append((spec, bytes_needed(spec)))
        except InvalidInputError as fault:
            raise InvalidInputError(f"Run {spec.run_id}: {fault}") from None
    return max(found, key=lambda one: one[1])


def _size(spec: CertifySpec) -> float:
    """Grows with the memory of runs that differ in numbers only; all samples are the most."""
    samples = spec.samples or spec.samples_per_class or math.inf
    return samples * (samples + float(spec.width))
