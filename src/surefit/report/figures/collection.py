"""All figures of a family of runs, and what cannot be shown of it."""

from __future__ import annotations

from collections.abc import Mapping

from surefit.report.figures.against_width import rate_chart, steps_chart
from surefit.report.figures.boundaries import SUCCESS
from surefit.report.figures.chart import Chart
from surefit.report.figures.eigenvalues import eigenvalue_chart
from surefit.report.figures.families import Family
from surefit.report.figures.overlays import curves_chart, kernel_spectra_chart, spectra_chart
from surefit.report.figures.phase import phase_chart
from surefit.report.figures.thresholds import threshold_chart
from surefit.report.figures.traces import RunTraces
from surefit.report.numbers import number

__all__ = ["general_charts", "overlay_charts", "remarks", "success_charts"]

Traces = Mapping[str, RunTraces]


def _traces(family: Family, traces: Traces) -> list[RunTraces]:
    return [traces[row["run_id"]] for row in family.rows if row["run_id"] in traces]


def success_charts(family: Family, traces: Traces) -> dict[str, list[Chart]]:
    """Column of success -> the phase diagram and the law of the width, as far as there are any.

    A column in which no run says anything, or in which none succeeded beside one in which some
    did, is left out.
    """
    demands = [
        (run.samples, run.demands) for run in _traces(family, traces) if run.samples is not None
    ]
    found: dict[str, list[Chart]] = {}
    for success in SUCCESS:
        charts = [phase_chart(family, success, demands), threshold_chart(family, success)]
        kept = [chart for chart in charts if chart is not None]
        if kept and not (found and not any(row.get(success) for row in family.rows)):
            found[success] = kept
    return found


def general_charts(family: Family, traces: Traces) -> list[Chart]:
    """The figures that do not depend on what counts as success."""
    charts = [steps_chart(family), rate_chart(family), eigenvalue_chart(family)]
    if family.kind == "kernel":
        charts.append(kernel_spectra_chart(_traces(family, traces)))
    return [chart for chart in charts if chart is not None]


def overlay_charts(family: Family, traces: Traces) -> dict[str, list[Chart]]:
    """Number of samples -> curves and spectra of the runs with it, one line per run."""
    if family.kind != "certify":
        return {}
    groups: dict[float | int | None, list[RunTraces]] = {}
    for run in _traces(family, traces):
        groups.setdefault(run.samples, []).append(run)
    found = {}
    for samples in sorted(groups, key=lambda n: -1.0 if n is None else n):
        runs = groups[samples]
        charts = [curves_chart(runs, samples), spectra_chart(runs, samples)]
        found["unknown" if samples is None else number(samples)] = [
            chart for chart in charts if chart is not None
        ]
    return {samples: charts for samples, charts in found.items() if charts}


def remarks(family: Family) -> list[str]:
    """What the runs of a family do not show, and what would."""
    if family.kind == "experiment":
        return ["Experiments have figures of their own, on their pages; the table links to them."]
    widths, sizes = family.values("width"), family.values("samples")
    said = []
    if family.kind == "kernel":
        said.append("Runs of infinite width have no phase diagram: nothing was trained.")
    elif len(family.rows) == 1:
        said.append("One run alone: its page shows all of it. Sweeps compare widths and samples.")
    elif len(widths) < 2:
        said.append(
            "All runs have one width, so nothing is said of the width that is enough. Add widths "
            "to the grid."
        )
    if len(sizes) == 1 and len(widths) > 1:
        said.append(
            f"All runs have {number(sizes[0])} samples, so there is no law in the number of "
            "samples. Add sizes to the grid."
        )
    if len(widths) > 1 and len(family.values("seed")) == 1:
        said.append(
            "All runs have one seed, so a probability of success is 0 or 1 and its intervals are "
            "wide. Add seeds to the grid."
        )
    return said
