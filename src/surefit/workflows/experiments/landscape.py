"""The gradient direction suffices: the landscape experiment of Allen-Zhu, Li and Song (2019)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from surefit import models
from surefit.core.check import Check, Evidence, Sense
from surefit.core.experiment import ExperimentRecord
from surefit.core.memory import require_bytes
from surefit.data import PreparedData, load, prepare
from surefit.losses import HalfSquared, MeanCrossEntropy
from surefit.problem import Problem
from surefit.runs import Workspace, environment_facts
from surefit.runs.experiments import AllenZhu2019LandscapeSpec
from surefit.runs.experiments.command import command
from surefit.workflows.experiments.experiment import Experiment
from surefit.workflows.experiments.landscape_epochs import Iterate, draw_epoch
from surefit.workflows.experiments.landscape_figure import COLUMNS, panels, row, surfaces
from surefit.workflows.listener import Listener

__all__ = ["AllenZhu2019Landscape"]

_LOSSES = {"half_squared": HalfSquared, "mean_cross_entropy": MeanCrossEntropy}


class AllenZhu2019Landscape(Experiment):
    r"""The objective around iterates of SGD, over the gradient and the most negative curvature.

    References:
        Allen-Zhu, Li, Song (2019), arXiv 1811.03962, Figure 1.
    """

    name: ClassVar[str] = "allen_zhu2019_landscape"
    spec: ClassVar[type[AllenZhu2019LandscapeSpec]] = AllenZhu2019LandscapeSpec

    def run(
        self, spec: AllenZhu2019LandscapeSpec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """Train and draw, one epoch after the other; None if interrupted."""
        listener.stage(f"Preparing {spec.content['data']}")
        _require_memory(spec)
        data = prepare(
            load(spec.images[0] if spec.images else "digits"),
            ("append_coordinate",),
            samples=spec.samples,
            labels="one_hot",
            shuffle=True,
            seed=spec.seed,
        )
        make = getattr(models, spec.network)
        network = make(spec.width, spec.depth, outputs=data.y.shape[1])
        problem = Problem(network, data.x, data.y, _LOSSES[spec.loss]())
        iterates: list[Iterate] = []
        for epoch in spec.epochs:
            done = draw_epoch(spec, problem, epoch, Path(workspace.scratch), listener)
            if done is None:
                return None
            iterates.append(done)
            if done.complaint:
                break
        return _record(spec, workspace.run_id, data, iterates)


def _record(
    spec: AllenZhu2019LandscapeSpec, run_id: str, data: PreparedData, iterates: list[Iterate]
) -> ExperimentRecord:
    drawn = [iterate for iterate in iterates if not iterate.complaint]
    checks = _checks(iterates)
    verdicts = [check.holds for check in checks]
    return ExperimentRecord(
        run_id=run_id,
        name=AllenZhu2019Landscape.name,
        title="The gradient direction suffices",
        question=(
            "A deep ReLU network is trained by SGD. Around its iterates, does the objective fall "
            "along the gradient alone, by most of what gradient and most negative curvature of the "
            "(smoothed) Hessian allow together, so that no escape from saddle points is needed?"
        ),
        source=AllenZhu2019LandscapeSpec.paper,
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=_verdict(drawn, checks),
        holds=False if False in verdicts else None if None in verdicts else True,
        choices=_choices(spec, iterates),
        facts={
            "preparation": data.description,
            **{key: value for key, value in data.facts.items() if key != "outputs"},
        },
        columns=COLUMNS,
        rows=tuple(map(row, drawn)),
        panels=panels(drawn) if drawn else (),
        checks=checks,
        command=command(spec),
        surfaces=surfaces(drawn),
    )


def _checks(iterates: list[Iterate]) -> tuple[Check, ...]:
    checks = [check for iterate in iterates for check in iterate.checks]
    for iterate in iterates:
        if iterate.complaint:
            name = f"training to epoch {iterate.epoch} leaves a point to draw"
            checks.append(Check.from_flag(name, False, note=iterate.complaint))
    first, last = iterates[0], iterates[-1]
    if len(iterates) > 1 and not last.complaint:
        checks.append(
            Check(
                f"F after epoch {last.epoch}, against epoch {first.epoch}",
                last.numbers["objective"],
                first.numbers["objective"],
                Sense.LESS,
                evidence=Evidence.SAMPLED,
                note="SGD knows nothing of curvature.",
            )
        )
    return tuple(checks)


def _verdict(drawn: list[Iterate], checks: tuple[Check, ...]) -> str:
    failed = [check.name for check in checks if check.holds is not True]
    if not drawn:
        return f"Nothing was drawn: {'; '.join(failed)} does not hold."
    shares = [iterate.numbers["share"] for iterate in drawn]
    steepest = max(drawn, key=lambda iterate: -iterate.numbers["eigenvalue"])
    low, high = 100 * min(shares), 100 * max(shares)
    said = (
        f"The gradient direction alone reaches {low:.0f} to {high:.0f} % of the largest decrease "
        f"in the plane, over {len(drawn)} iterates. The most negative curvature is "
        f"{steepest.numbers['eigenvalue']:.4g}, at epoch {steepest.epoch}."
    )
    if failed:
        return f"{len(failed)} of {len(checks)} checks do not hold: {'; '.join(failed)}. {said}"
    return f"All {len(checks)} checks hold. {said}"


def _choices(spec: AllenZhu2019LandscapeSpec, iterates: list[Iterate]) -> dict[str, Any]:
    steps = [iterate.step_size for iterate in iterates if iterate.step_size > 0]
    return {
        "network and data": f"{spec.network.replace('_', ' ')}, width {spec.width}, depth "
        f"{spec.depth}, {spec.samples} samples (the paper: ResNet-32 and others on CIFAR)",
        "objective": f"{spec.loss.replace('_', ' ')} of all samples (the paper: cross-entropy)",
        "training": f"SGD with batches of {spec.batch_size}, drawn anew for every step, step size "
        f"{steps[-1]:.3g}, no momentum (the paper: step 0.1 with decay, momentum 0.9)"
        if steps
        else "none; drawn at the start",
        "smoothing": "none: the pointwise Hessian, which does not see kinks"
        if spec.smoothing == 0
        else "every rectifier is replaced by its mean under Gaussian noise on its input, of "
        f"{spec.smoothing:g} times the root mean square of its inputs (the paper: not stated)",
        "method for the curvature": f"Lanczos with at most {spec.products} products of Hessian and "
        "vector (the paper: Oja's method)",
        "second axis": "the eigenvector without its part along the gradient; both span the plane "
        "of the paper",
        "extent of the axes": "twice the distance of the lowest point found along each",
        "height": "the objective itself, not smoothed",
        "seed": f"{spec.seed}",
    }


def _require_memory(spec: AllenZhu2019LandscapeSpec) -> None:
    """Predict the bytes before anything of that size is allocated."""
    weights = spec.depth * spec.width**2
    # Features and their tangents at every layer, forwards and backwards; the Krylov basis.
    require_bytes(
        8 * (12 * spec.samples * spec.width * (spec.depth + 2) + (spec.products + 20) * weights),
        f"curvature at width {spec.width} and depth {spec.depth} on {spec.samples} samples",
        "Use a smaller --width, fewer --samples or fewer --products.",
    )
