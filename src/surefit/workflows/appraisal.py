"""What is known before training: the kernel, the theorems, what they promise, how long it takes."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.core.layer import Params
from surefit.core.prediction import Prediction
from surefit.problem import Problem
from surefit.theory import Setting, assess, monitors_mentioned
from surefit.training import Method
from surefit.workflows.forecast import Forecast, seconds_per_gradient, steps_to
from surefit.workflows.large import (
    LargeSetting,
    assess_large,
    first_output_kernel,
    left_out,
    measurable,
)
from surefit.workflows.preparation import Bench

__all__ = ["Appraisal", "appraise", "forecast", "spectra"]


@dataclasses.dataclass(frozen=True, eq=False)
class Appraisal:
    """The theory's side of a run, before its first step.

    Args:
        setting: what theorems were asked about.
        predictions: what they say.
        monitors: what their promises need to be measured.
        left_out: what the size of the problem forbids, in words; empty: nothing.
    """

    setting: Setting
    predictions: dict[str, Prediction]
    monitors: tuple[str, ...]
    left_out: str = ""


def appraise(bench: Bench, method: Method) -> Appraisal:
    """Ask all theorems about a problem, or those that can be asked about a large one.

    Args:
        bench: data, network and start.
        method: settled.
    """
    problem, params, spec = bench.problem, bench.params, bench.spec
    kind = LargeSetting if bench.large else Setting
    setting = kind(
        problem,
        params,
        method.spacing,
        dynamics=bench.method,
        batch_size=getattr(method, "batch_size", None),
    )
    if not bench.large:
        predictions = assess(setting, spec.theorems)
        return Appraisal(setting, predictions, monitors_mentioned(predictions))
    predictions, theorems = assess_large(setting, spec.theorems)
    monitors, unwatched = measurable(problem, params, monitors_mentioned(predictions))
    return Appraisal(setting, predictions, monitors, left_out(problem, theorems, unwatched))


def spectra(appraisal: Appraisal, problem: Problem, trained: Params) -> dict[str, list[float]]:
    """Eigenvalues of the tangent kernel at the start, at the end, and at infinite width.

    Of a large problem those of its first output.
    """
    setting = appraisal.setting
    if isinstance(setting, LargeSetting):
        found = {
            f"first_output_ntk_{name}": np.linalg.eigvalsh(first_output_kernel(problem, params))
            for name, params in (("initial", setting.params), ("final", trained))
        }
    else:
        found = {
            "empirical_ntk_initial": setting.gram_spectrum.eigenvalues,
            "empirical_ntk_final": np.linalg.eigvalsh(np.asarray(problem.gram(trained))),
        }
    if setting.limit_spectrum is not None:
        found["limit_ntk"] = setting.limit_spectrum.eigenvalues
    return {name: np.asarray(values).tolist() for name, values in found.items()}


def forecast(bench: Bench, appraisal: Appraisal, target: float | None) -> Forecast | None:
    """How many steps the kernel at the start predicts until the loss is `target`.

    None where it predicts nothing: for losses that are no multiple of the square.
    """
    setting, problem = appraisal.setting, bench.problem
    if target is None or setting.loss_scale is None:
        return None
    residual = setting.residual
    if isinstance(setting, LargeSetting):
        values, vectors = np.linalg.eigh(first_output_kernel(problem, bench.params))
        energies = np.sum((vectors.T @ residual.reshape(problem.samples, -1)) ** 2, axis=1)
        share = setting.batch / problem.samples
        seconds: float | None = share * seconds_per_gradient(problem, bench.params)
    else:
        spectrum = setting.gram_spectrum
        values, energies = spectrum.eigenvalues, (spectrum.eigenvectors.T @ residual) ** 2
        seconds = None
    steps = steps_to(target / setting.loss_scale, setting.half_step, values, energies)
    return Forecast(steps, seconds)
