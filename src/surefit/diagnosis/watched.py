"""What a watched run says afterwards."""

from __future__ import annotations

import dataclasses
import html
import math
import textwrap
from typing import Any

from surefit.core.check import Check
from surefit.core.jsonable import jsonable
from surefit.diagnosis.movement import gap_in_symbols, unit_of_gap
from surefit.diagnosis.subject import Subject

__all__ = ["Record", "Watched", "judged"]

_WIDTH = 96
_COLUMNS = (
    ("step", "step", "d"),
    ("loss", "loss", ".4g"),
    ("predicted", "predicted", ".4g"),
    ("gap", "output gap", ".3g"),
    ("drift", "kernel drift", ".3g"),
    ("relative", "weights moved", ".3g"),
    ("lambda_min", "lambda_min", ".3g"),
    ("sharpness", "sharpness", ".4g"),
)


_NOTHING = (
    "Cannot say: nothing but the start was seen. Call the watch with the number of steps made and "
    "the parameters, and ask again."
)
_MEANINGS = (
    "output gap: distance of the outputs from those of the linearised network, as a share of {unit}"
    "; kernel drift: change of the tangent kernel as a share of its norm; weights moved: as a "
    "share of their norm; lambda_min: the smallest eigenvalue of the kernel; sharpness: the "
    "largest curvature of the loss."
)


@dataclasses.dataclass(frozen=True)
class Record:
    r"""One look at the parameters.

    Args:
        step: how many steps were made.
        loss: on all samples.
        predicted: the loss of the linearised network after so many steps of gradient descent; NaN
            where no step size was given, the loss is no square or the kernel has only some samples.
        gap: $\|f - \tilde f\|/\|r_0\|$ with the linearisation at the same parameters.
        drift: $\|K - K_0\|_F/\|K_0\|_F$.
        distance: $\|\theta - \theta_0\|$.
        relative: the same over $\|\theta_0\|$.
        lambda_min: the smallest eigenvalue of the kernel.
        sharpness: the largest eigenvalue of the Hessian of the loss; NaN: not computed.
    """

    step: int
    loss: float
    predicted: float
    gap: float
    drift: float
    distance: float
    relative: float
    lambda_min: float
    sharpness: float


@dataclasses.dataclass(frozen=True)
class Watched:
    """A run, judged.

    Args:
        records: every look, the start first.
        checks: gap and drift against the tolerance, the rate against the predicted one, sharpness
            times half the step against 1.
        lazy: whether gap and drift hold; None: nothing but the start was seen.
        verdict: one or two sentences.
        unit: what the output gap is a share of, in words.
    """

    records: tuple[Record, ...]
    checks: tuple[Check, ...]
    lazy: bool | None
    verdict: str
    unit: str

    def to_dict(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "records": [jsonable(dataclasses.asdict(record)) for record in self.records],
            "checks": [jsonable(check.to_dict()) for check in self.checks],
            "lazy": self.lazy,
            "verdict": self.verdict,
        }

    def __str__(self) -> str:
        rows = [[title for _, title, _ in _COLUMNS]]
        for record in self.records:
            rows.append([_cell(getattr(record, name), code) for name, _, code in _COLUMNS])
        widths = [max(len(row[i]) for row in rows) for i in range(len(_COLUMNS))]
        lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True))
                 for row in rows]  # fmt: skip
        meanings = _MEANINGS.format(unit=self.unit)
        return "\n".join([*lines, "", *textwrap.wrap(self.verdict, _WIDTH),
                          "", *textwrap.wrap(meanings, _WIDTH)])  # fmt: skip

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(str(self))}</pre>"


def _cell(value: float | int, code: str) -> str:
    return "" if math.isnan(value) else format(value, code)


def judged(
    subject: Subject, records: tuple[Record, ...], tolerance: float, step_size: float | None
) -> Watched:
    """Hold all records against the tolerance and against the prediction."""
    unit = unit_of_gap(subject)
    later = records[1:]
    if not later:
        return Watched(records, (), None, _NOTHING, unit)
    checks = [
        _largest(f"largest {gap_in_symbols(subject)}", later, "gap", tolerance),
        _largest("largest ||K - K_0|| / ||K_0||", later, "drift", tolerance),
    ]
    verdicts = [check.holds for check in checks]
    lazy = False if False in verdicts else None if None in verdicts else True
    word = {True: "Lazy", False: "Not lazy", None: "Cannot say whether lazy"}[lazy]
    sentence = (
        f"{word}: the outputs left the linearisation by up to {checks[0].value:.3g} of "
        f"{unit}, and the kernel moved by up to {checks[1].value:.3g} of its norm (at most "
        f"{tolerance:g} each counts as lazy)."
    )
    rate = _rate(records[0], later, tolerance)
    if rate is not None:
        checks.append(rate)
        sentence += f" {rate.note}"
    if step_size is not None and not all(math.isnan(r.sharpness) for r in later):
        sharp = [r.sharpness * step_size / 2 for r in records if not math.isnan(r.sharpness)]
        checks.append(Check("largest sharpness * step / 2", max(sharp), 1.0,
                            note="above 1 the loss cannot fall along that direction"))  # fmt: skip
        sentence += (
            f" Sharpness times half the step was at most {max(sharp):.3g}; above 1 the loss cannot "
            "fall along the sharpest direction."
        )
    return Watched(records, tuple(checks), lazy, sentence, unit)


def _largest(name: str, records: tuple[Record, ...], field: str, tolerance: float) -> Check:
    values = [getattr(record, field) for record in records]
    if any(math.isnan(value) for value in values):
        return Check.undecided(name, "a value is not a number")
    worst = max(records, key=lambda record: getattr(record, field))
    return Check(name, getattr(worst, field), tolerance, note=f"at step {worst.step}")


def _rate(first: Record, later: tuple[Record, ...], tolerance: float) -> Check | None:
    """How fast the logarithm of the loss fell, against the prediction, up to the last record."""
    floor = 1e-20 * first.loss
    usable = [r for r in later if r.predicted > floor and r.loss > floor and r.step > 0]
    if not usable or first.loss <= 0.0:
        return None
    last = usable[-1]
    measured, predicted = (math.log(first.loss / value) for value in (last.loss, last.predicted))
    if predicted <= 0.0:
        return None
    off = abs(measured / predicted - 1.0)
    word = "agrees with" if off <= tolerance else "differs from"
    note = (
        f"The measured rate {word} the predicted one: in {last.step} steps the loss fell to "
        f"{last.loss:.3g}, predicted were {last.predicted:.3g}."
    )
    return Check("|measured rate / predicted rate - 1|", off, tolerance, note=note)
