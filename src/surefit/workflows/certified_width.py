"""The smallest width at which convergence is certified before training."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np

from surefit import data
from surefit.activations import parse_activation
from surefit.certificates import certify_at_start
from surefit.certificates.initial.layers import SMOOTH
from surefit.core.catalogue import snake_case
from surefit.core.certificate import Certificate
from surefit.core.widths import WidthDemand
from surefit.errors import InvalidInputError
from surefit.layers import Centred, Dense, Serial
from surefit.problem import Problem
from surefit.runs.width_spec import WidthSpec
from surefit.theory import Setting
from surefit.workflows.listener import Listener
from surefit.workflows.sources import load_source
from surefit.workflows.width_demands import width_demands

__all__ = ["CertifiedWidth", "WidthSearch", "certified_width", "usable_data"]

_GRID = 2.0**0.25
"""Ratio of neighbouring widths that are tried."""


@dataclasses.dataclass(frozen=True)
class CertifiedWidth:
    r"""What was found for one size of the hidden weights and one draw.

    Args:
        weight_std: $\sigma_w$.
        seed: of the draw.
        width: the smallest width of the grid that is certified, its next smaller one not; None
            where none is.
        estimate: at which width the condition would hold if it fell like $1/m$ from there.
        certificate: at `width`, or at the largest width that was tried.
    """

    weight_std: float
    seed: int
    width: int | None
    estimate: float
    certificate: Certificate


@dataclasses.dataclass(frozen=True)
class WidthSearch:
    """The outcome of a search.

    Args:
        samples: how many.
        rows: one per size and draw, in the order of the search.
        demands: what published results ask for on these data, with the best network found.
    """

    samples: int
    rows: tuple[CertifiedWidth, ...]
    demands: tuple[WidthDemand, ...]

    @property
    def best(self) -> CertifiedWidth | None:
        """The smallest width of all; None where none is certified."""
        found = [row for row in self.rows if row.width is not None]
        return min(found, key=lambda row: row.width, default=None)


def certified_width(
    spec: WidthSpec, *, scratch: Path | str | None = None, listener: Listener | None = None
) -> WidthSearch:
    r"""Look for the smallest width at which `certify_at_start` holds, for every size and draw.

    The widths tried are $2^{k/4}$, rounded, by bisection: the condition falls about like $1/m$, so
    that every evaluation says where to look next.

    Args:
        spec: data, activation, and which networks.
        scratch: a directory where the outcome at every width is kept: after an interruption the
            same call goes on from there.
        listener: hears of progress.

    Returns:
        A row per size of the hidden weights and draw, and what published results ask for.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable, or the labels make more
            than one output.
        StorageError: a data file cannot be read.

    Cost:
        About five evaluations of `certify_at_start` per row.
    """
    listener = listener if listener is not None else Listener()
    prepared = usable_data(spec)
    kept = None if scratch is None else Path(scratch)
    rows = []
    for weight_std in spec.weight_stds:
        for seed in range(spec.seed, spec.seed + spec.seeds):
            row = _search(spec, prepared, weight_std, seed, kept, listener)
            rows.append(row)
    rows = _with_witness(spec, prepared, rows)
    found = WidthSearch(len(prepared.x), tuple(rows), ())
    best = found.best or min(rows, key=lambda row: row.estimate)
    listener.stage("Widths that published results ask for")
    width = best.width or _widths(spec, len(prepared.x))[0]
    problem = _problem(spec, prepared, width, best.weight_std, centred=False)
    step = best.certificate.quantities["step_size"]
    setting = Setting(problem, problem.init(best.seed), step)
    return dataclasses.replace(found, demands=width_demands(setting))


def usable_data(spec: WidthSpec) -> data.PreparedData:
    """The data of a search, which fails here if it cannot be made.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable, or the labels make more
            than one output.
        StorageError: a data file cannot be read.
    """
    if snake_case(type(parse_activation(spec.activation)).__name__) not in SMOOTH:
        raise InvalidInputError(
            f"`WidthSpec(activation=...)` must be one of {', '.join(SMOOTH)}. Got "
            f"{spec.activation!r}. How fast the kernel changes is only bounded for these. Choose "
            "one of them, or search for a width by training."
        )
    prepared = data.prepare(
        load_source(spec, spec.labels),
        steps=spec.preprocess,
        classes=spec.classes,
        samples=spec.samples,
        samples_per_class=spec.samples_per_class,
        labels=spec.labels,
        noise=spec.noise,
        seed=spec.seed,
    )
    if prepared.y.shape[1] != 1:
        raise InvalidInputError(
            f"`labels` must make one output. Got {prepared.y.shape[1]} from "
            f"{prepared.description}. The certificate at initialisation is about networks with one "
            "output. Choose two classes, for example `--classes 0 1`."
        )
    return prepared


def _widths(spec: WidthSpec, samples: int) -> list[int]:
    """The grid, around 4 times the number of samples, up to the largest width."""
    least = min(max(2, samples // 4), spec.largest_width)
    top = math.ceil(math.log(spec.largest_width) / math.log(_GRID))
    grid = {round(_GRID**k) for k in range(4, top + 1)} | {spec.largest_width}
    return sorted(m for m in grid if least <= m <= spec.largest_width)


def _problem(
    spec: WidthSpec, prepared: data.PreparedData, width: int, weight_std: float, centred: bool
) -> Problem:
    network = Serial(
        Dense(width, weight_std, parameterisation="unscaled"),
        parse_activation(spec.activation),
        Dense(1, parameterisation="standard"),
    )
    return Problem(Centred(network) if centred else network, prepared.vectors, prepared.y)


def _search(
    spec: WidthSpec,
    prepared: data.PreparedData,
    weight_std: float,
    seed: int,
    kept: Path | None,
    listener: Listener,
) -> CertifiedWidth:
    grid = _widths(spec, len(prepared.x))
    tried: dict[int, Certificate] = {}

    # All widths up to grid[low] fail, all from grid[high] on hold, as far as was looked.
    low, high, at = -1, len(grid), _nearest(grid, 4.0 * len(prepared.x))
    while high - low > 1:
        tried[at] = _certificate(spec, prepared, grid[at], weight_std, seed, kept)
        listener.stage(
            f"weight_std {weight_std:g}, seed {seed}, width {grid[at]}: " + _outcome(tried[at])
        )
        low, high = (low, at) if tried[at].holds else (at, high)
        at = min(max(_nearest(grid, _estimate(grid[at], tried[at])), low + 1), high - 1)
    certified = high < len(grid)
    at = high if certified else low
    return CertifiedWidth(
        weight_std=weight_std,
        seed=seed,
        width=grid[at] if certified else None,
        estimate=_estimate(grid[at], tried[at]),
        certificate=tried[at],
    )


def _certificate(
    spec: WidthSpec,
    prepared: data.PreparedData,
    width: int,
    weight_std: float,
    seed: int,
    kept: Path | None,
) -> Certificate:
    """The certificate at one width; without its witness where it was made before."""
    place = None if kept is None else kept / f"std-{weight_std:g}-seed-{seed}-width-{width}"
    if place is not None and place.is_dir():
        return Certificate.load(place)
    problem = _problem(spec, prepared, width, weight_std, centred=True)
    found = certify_at_start(problem, problem.init(seed))
    if place is not None:
        # Written beside and renamed: after a crash it is there whole, or not at all.
        draft = place.with_suffix(".partial")
        shutil.rmtree(draft, ignore_errors=True)
        found.save_issued(draft)
        draft.rename(place)
    return found


def _with_witness(
    spec: WidthSpec, prepared: data.PreparedData, rows: list[CertifiedWidth]
) -> list[CertifiedWidth]:
    """The rows, that of the smallest width with the arrays that its certificate is about."""
    best = WidthSearch(len(prepared.x), tuple(rows), ()).best
    if best is None or best.certificate.witness:
        return rows
    full = _certificate(spec, prepared, best.width, best.weight_std, best.seed, None)
    return [dataclasses.replace(row, certificate=full) if row is best else row for row in rows]


def _nearest(grid: list[int], width: float) -> int:
    return int(np.argmin(np.abs(np.log(grid) - math.log(min(max(width, 1.0), 1e300)))))


def _estimate(width: int, certificate: Certificate) -> float:
    condition = certificate.quantities["condition"]
    if math.isnan(condition):
        return math.inf
    return width * (condition if certificate.holds else max(condition, _GRID))


def _outcome(certificate: Certificate) -> str:
    condition = certificate.quantities["condition"]
    if math.isnan(condition):
        return "not certified, J is not onto"
    word = "certified" if certificate.holds else "not certified"
    return f"{word}, condition {condition:.3g} (below 1 needed)"
