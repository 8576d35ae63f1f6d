"""A finished search as the record of an experiment: table, figure, checks and the law."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from surefit.core.check import Check, Evidence
from surefit.core.experiment import ExperimentRecord
from surefit.core.laws import PowerLaw
from surefit.runs import environment_facts
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.workflows.width_finder.found import FoundWidth, asked_powers
from surefit.workflows.width_finder.outcome import Outcome
from surefit.workflows.width_finder.panels import finder_panels
from surefit.workflows.width_finder.probe import Probe
from surefit.workflows.width_finder.wording import shown_interval, shown_power, shown_width

__all__ = ["COLUMNS", "NAME", "finder_record"]

NAME = "width_finder"
COLUMNS = (
    "samples", "width", "draws", "reached the target", "too few steps", "stuck", "diverged",
    "probability, low", "probability, high", "median steps of those that reached it",
)  # fmt: skip
"""The heads of the table: one row per width that was tried."""


def finder_record(
    spec: WidthFinderSpec, run_id: str, sizes: Sequence[FoundWidth], law: PowerLaw | None
) -> ExperimentRecord:
    """The search as plain data.

    Args:
        spec: what was looked for.
        run_id: its name.
        sizes: what was found, one per number of samples.
        law: the width as a power of the number of samples, if known.
    """
    checks = tuple(_check(spec, size) for size in sizes)
    failed = any(check.holds is False for check in checks)
    undecided = any(check.holds is None for check in checks)
    return ExperimentRecord(
        run_id=run_id,
        name=NAME,
        title="The smallest width at which descent succeeds",
        question=(
            f"How wide must the network be for descent to reach the loss {spec.target_loss:g} "
            f"with probability {spec.probability:g} over draws of its initial weights?"
        ),
        source="trials on these data",
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=_verdict(spec, sizes, law),
        holds=False if failed else None if undecided else True,
        choices=_choices(spec),
        facts=_facts(spec, sizes, law),
        columns=COLUMNS,
        rows=tuple(_row(probe, spec.level) for size in sizes for probe in size.probes),
        panels=finder_panels(sizes, law),
        checks=checks,
        command=spec.command(),
    )


def _check(spec: WidthFinderSpec, size: FoundWidth) -> Check:
    """The upper end of the interval against the widest network that was tried."""
    name = f"upper end of the smallest width, {size.samples} samples"
    widest = float(size.probes[-1].width)
    failures = " ".join(
        f"{sum(probe.count(kind) for probe in size.probes)} {words}."
        for kind, words in (
            (Outcome.SLOW, "runs had too few steps"),
            (Outcome.STUCK, "were stuck"),
            (Outcome.DIVERGED, "diverged"),
        )
    )
    if size.threshold.sense != "above" and not math.isfinite(size.high):
        note = "The trials give it no upper end; make more, with `--seeds`."
        return Check.undecided(name, f"{note} {failures}", evidence=Evidence.SAMPLED)
    note = f"Interval at the level {spec.level:g}: {shown_interval(size)}. Of all runs, {failures}"
    return Check(name, size.high, widest, evidence=Evidence.SAMPLED, note=note)


def _verdict(spec: WidthFinderSpec, sizes: Sequence[FoundWidth], law: PowerLaw | None) -> str:
    found = "; ".join(
        f"{shown_width(size)} for {size.samples} samples ({shown_interval(size)})" for size in sizes
    )
    text = (
        f"Descent reaches the loss {spec.target_loss:g} with probability {spec.probability:g} from "
        f"this width on: {found}."
    )
    if law is not None:
        text += f" It grows like n^({shown_power(law)})."
    return text


def _row(probe: Probe, level: float) -> tuple[float | int | str, ...]:
    low, high = probe.interval(level)
    reached = [
        steps
        for steps, kind in zip(probe.steps, probe.outcomes, strict=True)
        if kind is Outcome.REACHED
    ]
    kinds = (Outcome.REACHED, Outcome.SLOW, Outcome.STUCK, Outcome.DIVERGED)
    return (
        probe.samples,
        probe.width,
        probe.trials,
        *(probe.count(kind) for kind in kinds),
        low,
        high,
        float(np.median(reached)) if reached else "none",
    )


def _choices(spec: WidthFinderSpec) -> dict[str, Any]:
    return {
        "success": f"the loss is at most {spec.target_loss:g} within the steps; seeds from "
        f"{spec.seed} on, the data fixed",
        "draws per width": f"at most {spec.seeds}: a quarter first, then half, then all, until the "
        f"interval of Wilson at the level {spec.level:g} of that width alone excludes "
        f"{spec.probability:g}",
        "width": "maximum likelihood of a probability logistic in log(width), from the draws "
        "at widths within a factor of four of where the share of successes crosses it; "
        f"interval of the profile likelihood at the level {spec.level:g}",
        "too few steps": "the loss still fell at least half as fast as that of the network "
        "linearised at the start, and at this pace a hundred times the steps suffice",
        "stuck": "all other runs that made all their steps",
        "law": "least squares of the logarithms, weighted by the intervals; widths without both "
        "ends are left out",
    }


def _facts(
    spec: WidthFinderSpec, sizes: Sequence[FoundWidth], law: PowerLaw | None
) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for size in sizes:
        facts[f"smallest width, {size.samples} samples"] = (
            f"{shown_width(size)} ({shown_interval(size)})"
        )
        predicted = size.budget.predicted
        facts[f"steps at most, {size.samples} samples"] = f"{size.budget.steps}" + (
            "" if predicted is None else f" (kernel of infinite width: {predicted:.4g})"
        )
        for demand in size.demands:
            if demand.width is None:
                continue
            over = demand.width / size.threshold.value
            star = ", hidden constants set to 1" if demand.unstated else ""
            facts[f"width that {demand.result} asks for, {size.samples} samples"] = (
                f"{demand.width:.3g}: {over:.3g} times the one found{star}"
            )
    if law is not None:
        facts["power of the number of samples, found"] = shown_power(law)
    facts |= {
        f"power of the number of samples, {name}": f"{value:.2f}"
        for name, value in asked_powers(sizes).items()
    }
    return facts
