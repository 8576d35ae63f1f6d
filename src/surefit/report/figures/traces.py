"""What the figures of a store need of one run: its curve, what was predicted, its spectra."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.core.curve import Curve
from surefit.core.kernel_record import KernelRecord
from surefit.core.prediction import Guarantee
from surefit.core.record import RunRecord, TheoremRecord
from surefit.report.figures.demanded import Demand, demands_of
from surefit.report.promised import RESIDUAL, promises_on
from surefit.report.spectra import NAMES
from surefit.report.thinning import thin

__all__ = ["Predicted", "RunTraces", "kernel_traces", "run_traces"]

POINTS = 120
PREDICTED = 50
# A curve far below what was measured says nothing more.
_BELOW = 1e-2


@dataclasses.dataclass(frozen=True)
class Predicted:
    """A predicted training curve.

    Args:
        label: who predicts it.
        exact: whether it is to be the curve itself, rather than a bound above it.
        x: times.
        y: squared residuals.
    """

    label: str
    exact: bool
    x: Float[np.ndarray, " n"]
    y: Float[np.ndarray, " n"]


@dataclasses.dataclass(frozen=True)
class RunTraces:
    """What the figures need of one run.

    Args:
        run_id: its name.
        width: of its network; None for a kernel run.
        samples: that it was trained on.
        seed: of its weights; None for a kernel run.
        time: `step`, or `time` for a flow.
        x: times of the curve.
        y: squared residuals; empty where there is no curve.
        predicted: predicted curves.
        spectra: name -> ranks, eigenvalues, the largest first.
        demands: what results ask of the width.
    """

    run_id: str
    width: float | int | None
    samples: float | int | None
    seed: int | None
    time: str = "step"
    x: Float[np.ndarray, " n"] = dataclasses.field(default_factory=lambda: np.zeros(0))
    y: Float[np.ndarray, " n"] = dataclasses.field(default_factory=lambda: np.zeros(0))
    predicted: tuple[Predicted, ...] = ()
    spectra: dict[str, tuple[np.ndarray, np.ndarray]] = dataclasses.field(default_factory=dict)
    demands: tuple[Demand, ...] = ()


def _spectrum(values: list[float]) -> tuple[np.ndarray, np.ndarray]:
    descending = np.asarray(values, np.float64)[::-1]
    kept = thin(descending, POINTS)
    return np.arange(1.0, len(descending) + 1)[kept], descending[kept]


def _curves(theorem: TheoremRecord) -> list[tuple[Curve, bool]]:
    """The curves that a theorem promises, and whether each is exact; bounds only if it applies."""
    found = []
    for promise in promises_on(theorem, RESIDUAL):
        exact = promise.guarantee is Guarantee.TIGHT
        bounds = promise.guarantee is Guarantee.UPPER and theorem.prediction.applies
        if isinstance(promise.bound, Curve) and (exact or bounds):
            found.append((promise.bound, exact))
    return found


def _predicted(
    record: RunRecord, x: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"]
) -> tuple[Predicted, ...]:
    """The first exact prediction, and of the bounds that hold the one that ends lowest."""
    if not len(x):
        return ()
    seen = y[np.isfinite(y) & (y > 0)]
    floor = float(seen.min()) * _BELOW if seen.size else 0.0
    times = x[np.unique(np.linspace(0, len(x) - 1, PREDICTED).astype(int))]
    exact, bounds = [], []
    for theorem in record.theorems:
        for curve, is_exact in _curves(theorem):
            with np.errstate(over="ignore", invalid="ignore"):
                values = curve(times)
            last = float(values[-1])
            values = np.where(values >= floor, values, np.nan)
            item = Predicted(theorem.title, is_exact, times, values)
            (exact if is_exact else bounds).append((last, item))
    best = sorted(bounds, key=lambda pair: pair[0])[:1]
    return tuple(item for _, item in [*exact[:1], *best])


def run_traces(
    record: RunRecord, width: float | int | None, samples: float | int | None
) -> RunTraces:
    """Of a run of `surefit certify`.

    Args:
        record: the run.
        width: as the table of runs has it.
        samples: the same.
    """
    series = record.trajectory.series.get(RESIDUAL)
    x, y = np.zeros(0), np.zeros(0)
    if series is not None and np.ndim(series.values) == 1:
        values = np.asarray(series.values, np.float64)
        kept = thin(values, POINTS)
        x, y = np.asarray(series.times, np.float64)[kept], values[kept]
    seed = record.spec.get("seed")
    return RunTraces(
        run_id=record.run_id,
        width=width,
        samples=samples,
        seed=seed if isinstance(seed, int) else None,
        time="time" if "flow" in record.trajectory.method else "step",
        x=x,
        y=y,
        predicted=_predicted(record, x, y),
        spectra={
            name: _spectrum(values)
            for name, values in record.spectra.items()
            if values and name in NAMES
        },
        demands=demands_of(record),
    )


def kernel_traces(record: KernelRecord, samples: float | int | None) -> RunTraces:
    """Of a run of `surefit kernel`."""
    spectra = {name: _spectrum(values) for name, values in record.spectra.items() if values}
    return RunTraces(record.run_id, None, samples, None, spectra=spectra)
