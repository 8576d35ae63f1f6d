"""How the kernel at the start and the movement of the weights depend on the width, measured."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from surefit.core.experiment import ExperimentRecord
from surefit.core.memory import require_bytes
from surefit.data import PreparedData, load, prepare
from surefit.runs import Workspace, environment_facts
from surefit.runs.experiments import AllenZhu2019WidthSpec
from surefit.runs.experiments.command import command
from surefit.workflows.experiments.experiment import Experiment
from surefit.workflows.experiments.width_study_checks import LAWS, fit_powers, width_study_checks
from surefit.workflows.experiments.width_study_draw import Draw, run_draw
from surefit.workflows.experiments.width_study_figure import COLUMNS, rows, width_panels
from surefit.workflows.listener import Listener

__all__ = ["AllenZhu2019Width"]


class AllenZhu2019Width(Experiment):
    r"""The laws $\|K(0) - K_\infty\|_F \sim m^{-1/2}$ and $\|W_T - W_0\| \sim m^{-1/2}$ on digits.

    The network of the paper with scalar output is trained for $T$ steps of size
    $1/\lambda_{\max}(K(0))$, at every width from several draws.

    References:
        Allen-Zhu, Li, Song (2019), arXiv 1811.03962, Theorem 1 (movement) and Theorem 5 (kernel).
        The paper has no such experiment; the laws are those of its bounds.
    """

    name: ClassVar[str] = "allen_zhu2019_width"
    spec: ClassVar[type[AllenZhu2019WidthSpec]] = AllenZhu2019WidthSpec

    def run(
        self, spec: AllenZhu2019WidthSpec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """One draw after the other, narrow ones first; None if interrupted."""
        _require_memory(spec)
        data = _digits(spec)
        draws: list[Draw] = []
        for width in spec.widths:
            for repeat in range(spec.repeats):
                arrays = (data.x, data.y)
                done = run_draw(spec, width, repeat, arrays, Path(workspace.scratch), listener)
                if done is None:
                    return None
                draws.append(done)
        return _record(spec, workspace.run_id, data, draws)


def _digits(spec: AllenZhu2019WidthSpec) -> PreparedData:
    r"""Two classes in the normalisation of the paper: norm 1, last coordinate $1/\sqrt2$."""
    return prepare(
        load("digits"),
        ("append_coordinate",),
        classes=spec.classes,
        samples=spec.samples,
        labels="plus_minus_one",
        seed=spec.seed,
        shuffle=True,
    )


def _record(
    spec: AllenZhu2019WidthSpec, run_id: str, data: PreparedData, draws: list[Draw]
) -> ExperimentRecord:
    checks = width_study_checks(draws)
    failed = [check.name for check in checks if check.holds is False]
    undecided = any(check.holds is None for check in checks)
    powers = fit_powers(draws)
    verdict = (
        f"From width {spec.widths[0]} to {spec.widths[-1]} the kernel at the start approaches its "
        f"limit like m^({powers['kernel']}), and training moves the weights by "
        f"m^({powers['operator']}) in operator norm and m^({powers['frobenius']}) in Frobenius "
        "norm; the law is m^(-1/2)."
    )
    if failed:
        verdict += f" Fails: {'; '.join(failed)}."
    return ExperimentRecord(
        run_id=run_id,
        name=AllenZhu2019Width.name,
        title="The laws of the width: the kernel concentrates, the weights stay",
        question=(
            "Convergence proofs for wide networks rest on two facts: the tangent kernel at the "
            "start is near its limit, and training hardly moves the weights. Both errors should "
            "fall like one over the square root of the width. Do they, at widths that are used?"
        ),
        source=AllenZhu2019WidthSpec.paper,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=verdict,
        holds=False if failed else None if undecided else True,
        choices={
            "network": f"{spec.depth} trained ReLU layers of one width, first and last layer "
            "fixed, one output, initialised as in the paper",
            "coding of the labels": data.code.describe(),
            "step": "1 / largest eigenvalue of the Gram matrix of the draw itself; with that of "
            "the limit small widths overshoot",
            "time": f"{spec.steps} steps at every width: the same time on the clock of the kernel",
            "draws": f"{spec.repeats} per width, seeds from {spec.seed} on, the initial output "
            "left as it is",
            "fit": "least squares of the logarithms over all draws; intervals are two standard "
            "errors",
        },
        facts={
            "preparation": data.description,
            **{f"power of m, {LAWS[key].title}": str(power) for key, power in powers.items()},
            **{key: value for key, value in data.facts.items() if key != "outputs"},
        },
        columns=COLUMNS,
        rows=rows(draws),
        panels=width_panels(draws),
        checks=(*checks, *data.checks),
        command=command(spec),
    )


def _require_memory(spec: AllenZhu2019WidthSpec) -> None:
    """Predict the bytes of the widest draw before anything of that size is allocated."""
    width = max(spec.widths)
    # Parameters at the start, now and behind the step, gradient, and work space for each.
    require_bytes(
        8 * (8 * spec.depth * width**2 + 24 * spec.depth * spec.samples * width),
        f"training {spec.depth} layers of width {width} on {spec.samples} samples",
        "Use smaller --widths or a smaller --depth.",
    )
