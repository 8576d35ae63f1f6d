"""Wider implicit networks train faster, and their operator norm stays: Gao et al. (2022)."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from surefit.core.experiment import ExperimentRecord
from surefit.core.memory import require_bytes
from surefit.errors import InvalidInputError
from surefit.runs import Workspace, environment_facts
from surefit.runs.experiments import Gao2022Spec
from surefit.runs.experiments.command import command
from surefit.workflows.experiments.experiment import Experiment
from surefit.workflows.experiments.feature_gram import limit_ends
from surefit.workflows.experiments.gao_2022_checks import gao_2022_checks
from surefit.workflows.experiments.gao_2022_figure import COLUMNS, panels, row
from surefit.workflows.experiments.two_classes import TwoClasses, two_classes
from surefit.workflows.experiments.width_run import WidthRun, run_width
from surefit.workflows.listener import Listener

__all__ = ["Gao2022"]


class Gao2022(Experiment):
    r"""Three curves for every width: training error, test error, scaled operator norm.

    Two classes of images, each image a vector of norm 1, are fitted by the network of the paper
    with all weights trained by full-batch gradient descent on $\frac12\|\hat y - y\|^2$.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), arXiv 2110.05645, section 4 and Figure 1.
    """

    name: ClassVar[str] = "gao2022"
    spec: ClassVar[type[Gao2022Spec]] = Gao2022Spec

    def require(self, spec: Gao2022Spec) -> None:
        """Two classes with enough samples, in a coding with one output."""
        _data(spec)

    def run(
        self, spec: Gao2022Spec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """Train one width after the other; None if interrupted."""
        listener.stage(f"Preparing {spec.content['data']}, classes {spec.classes}")
        data = _data(spec)
        _require_memory(len(data.train.x), max(spec.widths))
        runs = []
        for width in spec.widths:
            done = run_width(spec, width, data, Path(workspace.scratch), listener)
            if done is None:
                return None
            runs.append(done)
        return _record(spec, workspace.run_id, data, runs)


def _data(spec: Gao2022Spec) -> TwoClasses:
    """Training and test samples."""
    data = two_classes(
        spec.images,
        spec.classes,
        spec.samples_per_class,
        labels=spec.labels,
        noise=spec.noise,
        seed=spec.seed,
    )
    if data.train.y.shape[1] != 1:
        raise InvalidInputError(
            f"`labels` must make one output. Got {spec.labels!r}, which makes "
            f"{data.train.y.shape[1]}. The network of the paper has one. Write `plus_minus_one`, "
            "or leave labels out."
        )
    return data


def _record(
    spec: Gao2022Spec, run_id: str, data: TwoClasses, runs: list[WidthRun]
) -> ExperimentRecord:
    checks = gao_2022_checks(runs, spec.gamma)
    failed = [check.name for check in checks if check.holds is False]
    widths = ", ".join(str(run.width) for run in runs)
    if failed:
        verdict = f"{len(failed)} of {len(checks)} checks fail: {'; '.join(failed)}."
    else:
        verdict = (
            f"All {len(checks)} checks hold at widths {widths}: wider networks trained faster, and "
            "the operator norm of the weights stayed where random matrix theory puts it."
        )
    smallest, largest = limit_ends(data.train.vectors)
    return ExperimentRecord(
        run_id=run_id,
        name=Gao2022.name,
        title="Wider implicit networks train faster",
        question=(
            "Implicit ReLU networks of growing width are trained by gradient descent on two "
            "classes of images. Does the training error fall faster the wider the network is, and "
            "does the operator norm of the weights inside the equilibrium stay below 1, so that "
            "the equilibrium exists throughout?"
        ),
        source=Gao2022Spec.paper,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=verdict,
        holds=not failed,
        choices={
            "step size": "1 / largest eigenvalue of the Gram matrix, for each width its own"
            if spec.step_size == "auto"
            else f"{spec.step_size:g}, the same for all widths",
            "gamma": f"{spec.gamma:g} (the figure of the paper suggests 0.1)",
            "coding of the labels": data.train.code.describe(),
            "tolerance of the equilibrium": f"{spec.tolerance:g}, relative, in float64",
            "loss that is descended": "half the sum of squares; the curves show its mean",
            "initial output": "subtracted, unlike in the paper; its random slow part hides the "
            "order of the curves"
            if spec.zero_start
            else "random, as in Assumption 1 of the paper",
            "choice of samples": f"at random with seed {spec.seed}",
            "noise against parallel samples": f"relative length {spec.noise:g}",
            "seed of the weights": f"{spec.seed}, the same for all widths",
        },
        facts={
            "preparation": data.train.description,
            "test samples": 2 * data.test_per_class,
            "smallest eigenvalue of the limit feature Gram matrix": smallest,
            "largest eigenvalue of the limit feature Gram matrix": largest,
            **{key: value for key, value in data.train.facts.items() if key != "outputs"},
        },
        columns=COLUMNS,
        rows=tuple(map(row, runs)),
        panels=panels(runs),
        checks=(*checks, *data.train.checks),
        command=command(spec),
    )


def _require_memory(samples: int, width: int) -> None:
    """Predict the bytes of the widest run before anything of that size is allocated."""
    # Parameters, gradient, start, checkpoint and work space; states, injections and adjoints.
    require_bytes(
        8 * (8 * width**2 + 24 * samples * width + 6 * samples**2),
        f"training width {width} on {samples} samples",
        "Use smaller --widths or fewer --samples-per-class.",
    )
