"""The figure of a search: success over width, and the width over the number of samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from surefit.core.experiment import CurveLine, Panel
from surefit.core.laws import PowerLaw
from surefit.workflows.width_finder.found import FoundWidth

__all__ = ["finder_panels"]

# Results that ask for more than this many times the width found would flatten the figure.
_SHOWN = 1e4


def finder_panels(sizes: Sequence[FoundWidth], law: PowerLaw | None) -> tuple[Panel, ...]:
    """The panels: the second one where there are several numbers of samples.

    Args:
        sizes: what was found.
        law: the fitted power, if known.
    """
    success = Panel(
        name="success",
        title="How often descent succeeds",
        about="Share of the draws that reach the target loss, at every width that was tried.",
        x_axis="width m",
        y_axis="share of successes",
        lines=tuple(
            CurveLine(
                f"{size.samples} samples",
                np.array([float(probe.width) for probe in size.probes]),
                np.array([probe.successes / probe.trials for probe in size.probes]),
            )
            for size in sizes
        ),
        log_x=True,
        over_time=False,
    )
    ordered = sorted(sizes, key=lambda size: size.samples)
    return (success, _growth(ordered, law)) if len(ordered) > 1 else (success,)


def _growth(sizes: Sequence[FoundWidth], law: PowerLaw | None) -> Panel:
    n = np.array([float(size.samples) for size in sizes])
    lines = [CurveLine("smallest width", n, np.array([size.threshold.value for size in sizes]))]
    for name in ("low", "high"):
        ends = np.array([getattr(size, name) for size in sizes])
        known = np.isfinite(ends) & (ends > 0.0)
        words = {"low": "lower end", "high": "upper end"}[name]
        lines.append(CurveLine(f"{words} of its interval", n[known], ends[known]))
    if law is not None:
        lines.append(CurveLine(f"fitted power n^{law.exponent:.2f}", n, law.predict(n)))
    lines += _asked(sizes)
    return Panel(
        name="growth",
        title="The width against the number of samples",
        about="What is found, and what published results ask for (hidden constants set to 1) where "
        f"that is at most {_SHOWN:.0e} times as much.",
        x_axis="samples n",
        y_axis="width m",
        lines=tuple(line for line in lines if len(line.x)),
        log_x=True,
        log_y=True,
        over_time=False,
    )


def _asked(sizes: Sequence[FoundWidth]) -> list[CurveLine]:
    lines = []
    for demand in sizes[0].demands:
        points = [
            (float(size.samples), other.width)
            for size in sizes
            for other in size.demands
            if other.result == demand.result and other.width
        ]
        largest = max(size.threshold.value for size in sizes)
        if points and max(y for _, y in points) <= _SHOWN * largest:
            x, y = np.array(points).T
            lines.append(CurveLine(f"asked by {demand.result}", x, y))
    return [line for line in lines if all(map(math.isfinite, line.y))]
