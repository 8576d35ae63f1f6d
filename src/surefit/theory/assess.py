"""Every theorem asked about one problem."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from surefit.core.precision import float64
from surefit.core.prediction import Prediction
from surefit.theory.catalogue import THEOREMS
from surefit.theory.setting import Setting

__all__ = ["assess", "monitors_mentioned"]


@float64
def assess(setting: Setting, names: Iterable[str] | None = None) -> dict[str, Prediction]:
    """What the theorems say about a problem, its start and its step.

    Args:
        setting: the problem with its start; quantities that several theorems need are computed
            once.
        names: catalogue names of theorems, in the order of the answer; None: all of them. Each is
            asked with its default constants.

    Returns:
        Name -> prediction, with every assumption checked.

    Raises:
        UnknownNameError: a name is in no file of `surefit/theory/theorems/`.

    Cost:
        One empirical and one limit Gram matrix with their spectra; curvature bounds on a few
        balls.
    """
    chosen = THEOREMS.names() if names is None else list(names)
    theorems = {name: THEOREMS[name]() for name in chosen}
    return {name: theorem.predict(setting) for name, theorem in theorems.items()}


def monitors_mentioned(predictions: Mapping[str, Prediction]) -> tuple[str, ...]:
    """The monitors that the promises speak of, sorted: what a run has to measure.

    Args:
        predictions: what `assess` returned.
    """
    return tuple(
        sorted(
            {
                promise.monitor
                for prediction in predictions.values()
                for promise in prediction.promises
            }
        )
    )
