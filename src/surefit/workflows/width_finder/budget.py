"""How many steps a run may make, and where the search begins."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.theory import Setting
from surefit.training.sharpness import loss_smoothness
from surefit.workflows.forecast import steps_to
from surefit.workflows.preparation import Bench, prepare_bench, prepare_data

__all__ = ["Budget", "plan", "require_usable"]

_FACTOR, _LEAST, _MOST, _UNKNOWN = 4, 1000, 100_000, 20_000


@dataclasses.dataclass(frozen=True)
class Budget:
    """The frame of the search for one number of samples.

    Args:
        samples: how many there are.
        unit: what every width must be a multiple of.
        start: the width near which the search begins.
        steps: the limit of steps.
        predicted: how many steps the tangent kernel of infinite width needs for the target; None:
            it is not known.
    """

    samples: int
    unit: int
    start: int
    steps: int
    predicted: float | None


def plan(spec: WidthFinderSpec, samples: int | None) -> Budget:
    """The frame of the search for one number of samples.

    Args:
        spec: what is looked for.
        samples: how many; None: all.

    Cost:
        The limit kernel on the data and its spectrum.
    """
    bench, unit, start = _first(spec, samples)
    predicted = _predicted(bench, spec)
    n = bench.problem.samples
    return Budget(n, unit, start, spec.steps or _steps(predicted), predicted)


def require_usable(spec: WidthFinderSpec) -> None:
    """Prepare the first run for every number of samples, to find out what cannot be done.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        MemoryLimitError: a first run does not fit into memory.
        StorageError: a data file cannot be read.
    """
    for samples in spec.sizes:
        _first(spec, samples)


def _first(spec: WidthFinderSpec, samples: int | None) -> tuple[Bench, int, int]:
    """The run with which the search begins, the unit of widths, and the width of that run."""
    prepared = prepare_data(spec.certify(samples, 2, spec.seed, 1))
    unit = _unit(spec, prepared.x.shape[1:])
    n, k = prepared.y.shape
    start = spec.width or 4 * math.sqrt(n * k)
    start = unit * max(1, round(start / unit))
    return prepare_bench(spec.certify(samples, start, spec.seed, 1)), unit, start


def _unit(spec: WidthFinderSpec, shape: tuple[int, ...]) -> int:
    """Features of a `cnn` are positions times channels; others may come in pairs."""
    return math.prod(shape[:-1]) if spec.network == "cnn" else 2


def _steps(predicted: float | None) -> int:
    if predicted is None or not math.isfinite(predicted):
        return _UNKNOWN
    return int(min(_MOST, max(_LEAST, 100 * math.ceil(_FACTOR * predicted / 100))))


def _predicted(bench: Bench, spec: WidthFinderSpec) -> float | None:
    """Steps of the network that is linear in its weights, with the kernel of infinite width."""
    problem = bench.problem
    scale = problem.loss.residual_scale(problem.samples)
    if scale is None or bench.method != "gradient_descent":
        return None
    setting = Setting(problem, bench.params, 1.0)
    spectrum = setting.limit_spectrum
    if spectrum is None:
        return None
    values = np.asarray(spectrum.eigenvalues)
    residual = np.asarray(problem.residual(bench.params)).reshape(problem.samples, -1)
    energies = setting.limit_projections(residual)
    if spec.step_size == "auto":
        smoothness = loss_smoothness(problem, "WidthFinderSpec(step_size='auto')")
        step = 1.0 / (smoothness * spectrum.largest.value)
    else:
        step = float(spec.step_size)
    target = float(spec.target_loss) / scale
    return steps_to(target, 2.0 * scale * step, values, np.asarray(energies))
