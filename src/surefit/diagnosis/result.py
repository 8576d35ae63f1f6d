"""What a diagnosis says, as numbers, as text and as plain data."""

from __future__ import annotations

import dataclasses
import html
from typing import Any

import numpy as np

from surefit.core.check import Check
from surefit.core.jsonable import jsonable
from surefit.core.spectrum import Enclosure
from surefit.diagnosis.fit import Fit
from surefit.diagnosis.hardness import Hardness
from surefit.diagnosis.horizon import Horizon
from surefit.diagnosis.laziness import Laziness
from surefit.diagnosis.stepsize import StepSize
from surefit.diagnosis.text import as_text

__all__ = ["Diagnosis"]


@dataclasses.dataclass(frozen=True, eq=False)
class Diagnosis:
    """Answers about a network at given weights on given data; `print` shows all of them.

    Args:
        fit: is it over-parameterised on this data?
        step: which step size is safe?
        horizon: how many steps to a loss?
        lazy: does it stay near its linearisation?
        samples: which samples are hardest, and why?
        precision: what the function computes in.
        remarks: what was left out, and what the numbers depend on.
    """

    fit: Fit
    step: StepSize
    horizon: Horizon
    lazy: Laziness
    samples: Hardness
    precision: str
    remarks: tuple[str, ...]

    @property
    def checks(self) -> tuple[Check, ...]:
        """All checks behind the answers."""
        return (*self.fit.checks, *self.lazy.checks)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON: NaN is None, infinity a word."""
        return {
            **{name: _plain(getattr(self, name))
               for name in ("fit", "step", "horizon", "lazy", "samples")},
            "precision": self.precision,
            "remarks": list(self.remarks),
        }  # fmt: skip

    def __str__(self) -> str:
        return as_text(self)

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _plain(value: Any) -> Any:
    if isinstance(value, Check):
        return jsonable(value.to_dict())
    if isinstance(value, Enclosure) or dataclasses.is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return jsonable(value.tolist())
    return jsonable(value)
