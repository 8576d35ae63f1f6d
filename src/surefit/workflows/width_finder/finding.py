"""The smallest width at which descent succeeds, and its law in the number of samples."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from surefit.core.experiment import ExperimentRecord
from surefit.core.laws import Threshold, width_threshold
from surefit.runs import Store
from surefit.runs.width_finder_spec import WidthFinderSpec
from surefit.workflows.listener import Listener
from surefit.workflows.width_finder.asked import asked_widths
from surefit.workflows.width_finder.bracketing import DOUBLING, bracket, width_grid
from surefit.workflows.width_finder.budget import plan, require_usable
from surefit.workflows.width_finder.found import FoundWidth, FoundWidths, width_law
from surefit.workflows.width_finder.keeping import read_sizes, write_sizes
from surefit.workflows.width_finder.probe import Probe, run_probe
from surefit.workflows.width_finder.record import finder_record

__all__ = ["find_width"]

# Trials at widths within this factor of the bracket make the estimate.
_NEAR = 4.01
# At most so many widths are tried to give the interval its ends.
_WIDER = 3


def find_width(
    spec: WidthFinderSpec | None = None,
    out: Path | str = "runs",
    *,
    listener: Listener | None = None,
    writers: Sequence[Callable[[Path], Any]] = (),
    **fields: Any,
) -> FoundWidths:
    r"""Find the smallest width at which descent reaches a loss with a given probability.

    The probability is over draws of the initial weights; the data are fixed. Widths are multiples
    of 2 next to $2^{k/4}$. From a first one they are doubled or halved until the answer changes,
    then the bracket is bisected. The answer at a width is whether the share of successes is at
    least the probability; draws are added, a quarter of `seeds`, half of them, all, until the
    interval of Wilson of that width alone excludes the probability. The interval is looked at up to
    three times per width, and its level is that of one look. The trials at widths within a factor
    of four of the bracket give the width and its interval, see
    `surefit.core.laws.width_threshold`; where an end of it is missing, up to three widths are tried
    outside.

    Finished trials are kept in the store: after an interruption the same call goes on. A finished
    search with equal fields is returned as it is.

    Args:
        spec: what to look for, or leave it out and give its fields.
        out: the run store.
        listener: hears of progress.
        writers: each is called with the directory before it is published, for example
            `surefit.report.write_experiment`.
        **fields: the fields of `WidthFinderSpec`.

    Returns:
        The widths, and their law where there are several numbers of samples.

    Raises:
        InvalidInputError: a field has a value that it does not take, or the data do not suffice.
        MemoryLimitError: a width does not fit into memory.
        StorageError: the store cannot be written.
        KeyboardInterrupt: at Ctrl-C; finished trials are kept.

    Cost:
        About seven widths with up to `seeds` runs each; those that fail make all steps.

    Example:
        >>> import tempfile
        >>> from surefit.workflows.width_finder import find_width
        >>> data = {"classes": (0, 1), "samples": 8, "target_loss": 1e-3, "seeds": 4}
        >>> with tempfile.TemporaryDirectory() as out:
        ...     found = find_width(out=out, **data)
        >>> found.low <= found.width <= found.high
        True
    """
    spec = WidthFinderSpec.parse(fields) if spec is None else spec
    listener = listener if listener is not None else Listener()
    store = Store(out)
    done = store.find(spec)
    if done is not None:
        sizes = read_sizes(done)
        record = ExperimentRecord.load(done)
        return FoundWidths(sizes, width_law(sizes, spec.level), record, done, reused=True)
    # Before the store is touched: what is wrong with data or names leaves nothing behind.
    require_usable(spec)
    with store.begin(spec) as workspace:
        scratch = Path(workspace.scratch)
        sizes = tuple(_find(spec, samples, scratch, listener) for samples in spec.sizes)
        law = width_law(sizes, spec.level)
        record = finder_record(spec, workspace.run_id, sizes, law)
        record.save(workspace.path)
        write_sizes(workspace.path, sizes)
        for write in writers:
            write(workspace.path)
        directory = workspace.publish()
    return FoundWidths(sizes, law, record, directory, reused=False)


def _find(
    spec: WidthFinderSpec, samples: int | None, scratch: Path, listener: Listener
) -> FoundWidth:
    budget = plan(spec, samples)
    told = "not predicted" if budget.predicted is None else f"{budget.predicted:.4g} predicted"
    listener.stage(
        f"{budget.samples} samples: at most {budget.steps} steps per run ({told} at infinite "
        f"width), from width {budget.start} on"
    )
    tried: dict[int, Probe] = {}

    def succeeds(width: int) -> bool:
        probe = run_probe(spec, samples, width, budget.steps, scratch, listener)
        tried[width] = probe
        low, high = probe.interval(spec.level)
        listener.stage(
            f"{budget.samples} samples, width {width}: {probe.successes} of {probe.trials} reach "
            f"{spec.target_loss:g} (probability {low:.2f} to {high:.2f})"
        )
        return probe.successes >= spec.probability * probe.trials

    grid = width_grid(budget.unit, spec.largest_width)
    ends = bracket(grid, budget.start, succeeds)
    threshold = _enclosed(spec, grid, ends, tried, succeeds)
    probes = tuple(tried[width] for width in sorted(tried))
    listener.stage(f"{budget.samples} samples: widths that published results ask for")
    found = FoundWidth(budget, threshold, probes)
    return dataclasses.replace(found, demands=asked_widths(spec, samples, found.width))


def _enclosed(
    spec: WidthFinderSpec,
    grid: list[int],
    ends: tuple[int | None, int | None],
    tried: dict[int, Probe],
    succeeds: Callable[[int], bool],
) -> Threshold:
    """The threshold by the trials around the bracket, with more of them where an end is missing.

    The probability of success is logistic in the logarithm of the width near the threshold at
    best: trials at widths far from it would bend the curve there.
    """
    known = [end for end in ends if end is not None]
    for missing in range(_WIDER + 1):
        near = [
            probe
            for width, probe in tried.items()
            if min(known) / _NEAR <= width <= max(known) * _NEAR
        ]
        threshold = width_threshold(
            [probe.width for probe in near],
            [probe.successes for probe in near],
            [probe.trials for probe in near],
            spec.probability,
            spec.level,
        )
        first, last = grid.index(min(tried)), grid.index(max(tried))
        if missing == _WIDER:
            break
        if threshold.high == math.inf and last < len(grid) - 1:
            succeeds(grid[min(last + DOUBLING, len(grid) - 1)])
        elif threshold.low == 0.0 and first > 0:
            succeeds(grid[max(first - DOUBLING, 0)])
        else:
            break
    return threshold
