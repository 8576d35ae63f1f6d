"""Curves and spectra of many runs in one picture, coloured by width or seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from surefit.report.figures.chart import Chart, Filter, Mark
from surefit.report.figures.traces import RunTraces
from surefit.report.numbers import number
from surefit.report.spectra import NAMES

__all__ = ["curves_chart", "kernel_spectra_chart", "spectra_chart"]

# More lines than these cannot be told apart, and make the page heavy.
MOST = 120
_WHICH = {"empirical_ntk_initial": "at the start", "empirical_ntk_final": "at the end"}
_LIMITS = ("limit_ntk", "limit_nngp")


def _some(runs: Sequence[RunTraces]) -> tuple[list[RunTraces], tuple[str, ...]]:
    """At most `MOST` runs: every width keeps its first seeds."""
    if len(runs) <= MOST:
        return list(runs), ()
    places: dict[float | int | None, int] = {}
    ranked = []
    for run in runs:
        places[run.width] = places.get(run.width, -1) + 1
        ranked.append((places[run.width], len(ranked), run))
    kept = sorted(sorted(ranked, key=lambda item: item[:2])[:MOST], key=lambda item: item[1])
    note = f"{MOST} of {number(len(runs))} runs are drawn: the first seeds of every width."
    return [run for _, _, run in kept], (note,)


def _order(runs: Iterable[RunTraces]) -> list[RunTraces]:
    return sorted(runs, key=lambda run: (run.width or 0.0, run.seed or 0, run.run_id))


def _name(value: float | int | None) -> str:
    return "none" if value is None else number(value)


def _by(run: RunTraces) -> dict[str, str]:
    return {"width": _name(run.width), "seed": _name(run.seed)}


def _hover(run: RunTraces) -> str:
    return ", ".join(f"{key} {value}" for key, value in _by(run).items())


def _filters(runs: Sequence[RunTraces]) -> list[Filter]:
    """Widths and seeds to choose from; with one width, the seeds have the colours."""
    widths = tuple(dict.fromkeys(_by(run)["width"] for run in runs))
    seeds = [run.seed for run in runs]
    names = tuple(_name(seed) for seed in sorted(set(seeds), key=lambda s: -1 if s is None else s))
    return [
        Filter("width", "width", widths, colours=len(widths) > 1),
        Filter("seed", "seed", names, colours=True),
    ]


def _colours(runs: Sequence[RunTraces]) -> tuple[str, Mapping[str, int]]:
    """What gives the colours at first, and the colour of every value of it."""
    first = next(item for item in _filters(runs) if item.colours)
    return first.key, {value: index for index, value in enumerate(first.values)}


def curves_chart(runs: Iterable[RunTraces], samples: float | int | None) -> Chart | None:
    """Training curves of runs with equal data, with the predictions; None where there are none."""
    chosen, notes = _some([run for run in _order(runs) if len(run.x)])
    if not chosen:
        return None
    key, colours = _colours(chosen)
    marks, names = [], {}
    for run in chosen:
        by = _by(run)
        colour = colours[by[key]]
        for item in run.predicted:
            names.setdefault(item.exact, {})[item.label] = None
            marks.append(
                Mark(
                    "predicted curve" if item.exact else "proved bound",
                    item.x,
                    item.y,
                    kind="line",
                    colour=colour,
                    dash="dash" if item.exact else "dot",
                    by=by,
                    faint=True,
                )
            )
        texts = (_hover(run),) * len(run.x)
        marks.append(
            Mark(f"{key} {by[key]}", run.x, run.y, kind="line", colour=colour, by=by, texts=texts)
        )
    told = {True: "Dashed: the curve that {} predicts.", False: "Dotted: the bound of {}."}
    notes += tuple(
        told[exact].format(" or ".join(found)) for exact, found in sorted(names.items())[::-1]
    )
    return Chart(
        ident="curves",
        title="Training curves and predictions",
        about=f"The squared distance ‖f(θ) − y‖² of outputs and targets while training"
        f"{_on(samples)}, one line per run, beside what was predicted at the start.",
        x_axis=chosen[0].time,
        y_axis="squared residual",
        marks=tuple(marks),
        log_x=False,
        filters=tuple(_filters(chosen)),
        notes=notes,
        wide=True,
    )


def _on(samples: float | int | None) -> str:
    return "" if samples is None else f" on {number(samples)} samples"


def spectra_chart(runs: Iterable[RunTraces], samples: float | int | None) -> Chart | None:
    """Spectra of tangent kernels of runs with equal data; None where there are none."""
    chosen, notes = _some([run for run in _order(runs) if set(_WHICH) & set(run.spectra)])
    if not chosen:
        return None
    key, colours = _colours(chosen)
    marks = []
    for run in chosen:
        by, hover = _by(run), _hover(run)
        for name, words in _WHICH.items():
            if name in run.spectra:
                ranks, values = run.spectra[name]
                marks.append(
                    Mark(
                        f"{key} {by[key]}",
                        ranks,
                        values,
                        kind="line",
                        colour=colours[by[key]],
                        texts=(hover,) * len(ranks),
                        by={**by, "which": words},
                    )
                )
    limits = {name: run.spectra[name] for run in chosen for name in _LIMITS if name in run.spectra}
    marks += [
        Mark(NAMES[name], *spectrum, kind="line", colour=-1, dash="dash")
        for name, spectrum in limits.items()
    ]
    which = tuple(w for n, w in _WHICH.items() if any(n in run.spectra for run in chosen))
    return Chart(
        ident="spectra",
        title="Spectra of the tangent kernel",
        about=f"The eigenvalues of the tangent kernel{_on(samples)}, one line per run, beside "
        "those of the limit of infinite width. The right end decides the rate.",
        x_axis="rank, largest first",
        y_axis="eigenvalue",
        marks=tuple(marks),
        filters=(Filter("which", "kernel", which, single=True), *_filters(chosen)),
        notes=notes,
    )


def kernel_spectra_chart(runs: Iterable[RunTraces]) -> Chart | None:
    """Spectra of limit kernels, by the number of samples; None where there are none."""
    chosen = sorted((run for run in runs if run.spectra), key=lambda run: run.samples or 0.0)
    if not chosen:
        return None
    names = tuple(dict.fromkeys(name for run in chosen for name in run.spectra))
    sizes = tuple(dict.fromkeys(_name(run.samples) for run in chosen))
    marks = [
        Mark(
            f"{_name(run.samples)} samples",
            *spectrum,
            kind="line",
            colour=sizes.index(_name(run.samples)),
            by={"which": NAMES.get(name, name), "samples": _name(run.samples)},
        )
        for run in chosen[:MOST]
        for name, spectrum in run.spectra.items()
    ]
    return Chart(
        ident="spectra",
        title="Spectra of limit kernels",
        about="The eigenvalues of the kernels of infinite width, one line per run.",
        x_axis="rank, largest first",
        y_axis="eigenvalue",
        marks=tuple(marks),
        filters=(
            Filter("which", "kernel", tuple(NAMES.get(n, n) for n in names), single=True),
            Filter("samples", "samples", sizes, colours=True),
        ),
        notes=() if len(chosen) <= MOST else (f"{MOST} of {number(len(chosen))} runs are drawn.",),
        wide=True,
    )
