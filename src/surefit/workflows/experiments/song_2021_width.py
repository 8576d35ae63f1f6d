r"""The width that the theorem of Song et al. (2021) asks for, as a power of the samples."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from surefit.activations import parse_activation
from surefit.core.experiment import CurveLine, ExperimentRecord, Panel
from surefit.core.jsonable import as_float, read_json, replace_json
from surefit.errors import InvalidInputError
from surefit.runs import Workspace, environment_facts
from surefit.runs.experiments import Song2021WidthSpec
from surefit.runs.experiments.command import command
from surefit.theory.shallow import descent, flow, required_width, typical_start
from surefit.workflows.experiments.experiment import Experiment
from surefit.workflows.experiments.song_2021_width_checks import FORMS, orders, width_checks
from surefit.workflows.listener import Listener

__all__ = ["Song2021Width"]

_FORM = {"descent": descent, "flow": flow}


class Song2021Width(Experiment):
    r"""Required $d_1$ against $n$ from the true spectra of random data on the sphere.

    References:
        Song et al. (2021), arXiv 2111.01875, Theorem 3 and equation (21).
    """

    name: ClassVar[str] = "song2021-width"
    spec: ClassVar[type[Song2021WidthSpec]] = Song2021WidthSpec

    def require(self, spec: Song2021WidthSpec) -> None:
        """Activation and start, tried on two samples."""
        phi = parse_activation(spec.activation)
        start = typical_start(phi, np.eye(2), np.full((2, 1), 0.5**0.5), spec.init)
        required_width(start, descent, at_least_samples=False)

    def run(
        self, spec: Song2021WidthSpec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """One feature kernel per size and draw; nothing is trained."""
        found = []
        for inputs in spec.inputs:
            for repeat in range(spec.repeats):
                listener.stage(f"Widths for {inputs} inputs, draw {repeat + 1} of {spec.repeats}")
                found.append(_widths(spec, inputs, repeat, Path(workspace.scratch)))
        return _record(spec, workspace.run_id, found)


def samples_of(spec: Song2021WidthSpec, inputs: int) -> int:
    """n."""
    return max(2, int(spec.density * inputs**2))


def _widths(spec: Song2021WidthSpec, inputs: int, repeat: int, scratch: Path) -> dict[str, Any]:
    """The widths of one draw, read again where they are known."""
    kept = scratch / f"inputs-{inputs}-draw-{repeat}.json"
    if kept.is_file():
        return {key: as_float(value) for key, value in read_json(kept).items()}
    n = samples_of(spec, inputs)
    x = np.random.default_rng([spec.seed, inputs, repeat]).normal(size=(n, inputs))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    # ||Y|| = 1, as the paper assumes.
    y = np.full((n, 1), n**-0.5)
    start = typical_start(parse_activation(spec.activation), x, y, spec.init)
    found = {"inputs": inputs, "samples": n, "smallest": start.kernel.smallest.value}
    for key, form in FORMS.items():
        typical = dataclasses.replace(start, smoothness=form.smoothness)
        found[key] = required_width(typical, _FORM[form.form], at_least_samples=False)
    if not all(math.isfinite(found[key]) for key in FORMS):
        raise InvalidInputError(
            "`activation` must make the features of different samples linearly independent. "
            f"Got {spec.activation!r}, whose smallest eigenvalue on {n} samples of {inputs} inputs "
            f"is {found['smallest']:.3g}: no width suffices. Use gelu, tanh, softplus or another "
            "smooth one."
        )
    replace_json(kept, found)
    return {key: float(value) for key, value in found.items()}


def _record(
    spec: Song2021WidthSpec, run_id: str, found: list[dict[str, float]]
) -> ExperimentRecord:
    slopes = orders(found)
    checks = width_checks(slopes, spec.init)
    failed = [check.name for check in checks if check.holds is False]
    undecided = any(check.holds is None for check in checks)
    paper, proved = slopes["assumed_descent"][0], slopes["fixed_point_descent"][0]
    verdict = (
        f"The paper's condition asks for d₀d₁ of order n^{paper:.2f} if the output weights stay "
        f"as small as it assumes, n^{proved:.2f} if that is proved instead, and without the factor "
        f"ν/μ n^{slopes['assumed_flow'][0]:.2f}, which d₁ ≥ n overtakes for very many samples."
    )
    return ExperimentRecord(
        run_id=run_id,
        name=Song2021Width.name,
        title="How many parameters the theorem on shallow networks asks for",
        question=(
            "Theorem 3 says that d₀d₁ of order n^(3/2) parameters suffice. What do its "
            "conditions ask for when their constants are explicit and the spectra are those of "
            "actual data?"
        ),
        source=Song2021WidthSpec.paper,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=verdict,
        holds=False if failed else None if undecided else True,
        choices={
            "data": "uniform on the sphere; ||Y|| = 1",
            "samples": f"n = {spec.density:.4g} d_0^2",
            "network": f"V phi(W x), {spec.activation}, start {spec.init}",
            "width": "smallest at which the condition holds for a typical draw of the weights, "
            "from the limit of the feature kernel; d_1 >= n is asked for separately",
            "output weights, assumed": "sigma_max(V) <= sup|phi'| / sup|phi''| along the run, "
            "which Assumption 2 asks of the run up to a constant",
            "output weights, proved": "the largest V in the ball in which training stays, solved "
            "for exactly (fixed point)",
        },
        facts={key: f"{mean:.3f} +- {error:.3f}" for key, (mean, error) in _named(slopes).items()},
        columns=(
            "inputs d_0", "samples n", "λ_min of the feature kernel",
            *(f"d_1, {form.title}" for form in FORMS.values()),
        ),
        rows=tuple(_row(group) for group in _by_size(found)),
        panels=_panels(found),
        checks=checks,
        command=command(spec),
    )  # fmt: skip


def _named(slopes: dict[str, tuple[float, float]]) -> dict[str, tuple[float, float]]:
    return {f"order of d_0 d_1 in n, {FORMS[key].title}": value for key, value in slopes.items()}


def _by_size(found: list[dict[str, float]]) -> list[list[dict[str, float]]]:
    sizes = sorted({item["inputs"] for item in found})
    return [[item for item in found if item["inputs"] == size] for size in sizes]


def _mean(group: list[dict[str, float]], key: str) -> float:
    """Geometric: widths scatter by factors."""
    return float(np.exp(np.mean(np.log([item[key] for item in group]))))


def _row(group: list[dict[str, float]]) -> tuple[float | int | str, ...]:
    first = group[0]
    return (
        int(first["inputs"]),
        int(first["samples"]),
        _mean(group, "smallest"),
        *(_mean(group, key) for key in FORMS),
    )


def _panels(found: list[dict[str, float]]) -> tuple[Panel, ...]:
    groups = _by_size(found)
    n = np.array([group[0]["samples"] for group in groups])
    inputs = np.array([group[0]["inputs"] for group in groups])

    def lines(factor: Float[np.ndarray, " s"]) -> tuple[CurveLine, ...]:
        drawn = [
            CurveLine(form.title, n, factor * np.array([_mean(g, key) for g in groups]))
            for key, form in FORMS.items()
        ]
        return (*drawn, CurveLine("d_1 = n", n, factor * n))

    shared = {"x_axis": "samples n", "log_x": True, "log_y": True, "over_time": False}
    return (
        Panel(
            name="parameters",
            title="Parameters that are asked for",
            about="d₀d₁ against n; the slope of each line is its order. Whatever the condition, "
            "d₁ ≥ n is needed as well: below that width the features cannot be independent.",
            y_axis="d_0 d_1",
            lines=lines(inputs),
            **shared,
        ),
        Panel(
            name="width",
            title="Width that is asked for",
            about="d₁ against n, the same numbers without the factor d₀.",
            y_axis="d_1",
            lines=lines(np.ones_like(inputs)),
            **shared,
        ),
    )
