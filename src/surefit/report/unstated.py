"""Which unstated constants a number of a prediction depends on.

A prediction names all constants that its source leaves open; its checks and promises say which of
them enter where. A number of which nothing more is known is marked with all of them: a mark too
many costs a question, a missing one is a false claim.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from surefit.core.curve import Curve
from surefit.core.prediction import Prediction, Promise

__all__ = ["behind_radius", "behind_rate", "behind_step_size", "behind_width"]

RESIDUAL = "squared_residual"
DISTANCE = "distance"


def _merged(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...] | None:
    """The names in all groups, each once; None if there is no group."""
    groups = list(groups)
    return tuple(dict.fromkeys(name for group in groups for name in group)) if groups else None


def _behind_bound(prediction: Prediction, bound: float | None) -> tuple[str, ...]:
    """The constants behind a number that is the bound of an assumption."""
    checks: Iterator[tuple[str, ...]] = (
        check.unstated
        for check in prediction.assumptions
        if bound is not None and math.isclose(check.bound, bound, rel_tol=1e-9)
    )
    found = _merged(checks)
    return tuple(prediction.unstated) if found is None else found


def _behind_promise(prediction: Prediction, promises: Iterable[Promise]) -> tuple[str, ...]:
    found = _merged(promise.unstated for promise in promises)
    return tuple(prediction.unstated) if found is None else found


def behind_width(prediction: Prediction) -> tuple[str, ...]:
    """The constants behind the required width."""
    return _behind_bound(prediction, prediction.width)


def behind_step_size(prediction: Prediction) -> tuple[str, ...]:
    """The constants behind the largest step."""
    return _behind_bound(prediction, prediction.step_size)


def behind_rate(prediction: Prediction) -> tuple[str, ...]:
    """The constants behind the rate: those of the promised curve of the squared residual."""
    curves = [
        p for p in prediction.promises if p.monitor == RESIDUAL and isinstance(p.bound, Curve)
    ]
    return _behind_promise(prediction, curves)


def behind_radius(prediction: Prediction) -> tuple[str, ...]:
    """The constants behind the radius: those of the promised distance."""
    return _behind_promise(prediction, [p for p in prediction.promises if p.monitor == DISTANCE])
