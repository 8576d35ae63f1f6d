"""The picture of what was proved: why a path ends, or how fast something shrinks."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from surefit.core.proof import Proof
from surefit.core.record import RunRecord
from surefit.report.plot import Line, Plot
from surefit.report.proof_speeds import SPEEDS
from surefit.report.timelines import slug

__all__ = ["proof_plots"]

POINTS = 200
Numbers = Mapping[str, float]


def proof_plots(record: RunRecord) -> dict[str, Plot]:
    """By folder of the proof: the picture of its statement.

    Statements about classes have none unless they are about flow: a margin is one number.
    """
    issued = {one.name: one.quantities for one in record.certificates}
    found = {
        answer.folder: _picture(answer, issued.get(answer.certificate, {}))
        for answer in record.proofs
    }
    return {folder: plot for folder, plot in found.items() if plot is not None}


def _picture(answer: Proof, issued: Numbers) -> Plot | None:
    """By the numbers that the checker gave; None where it gave too few."""
    if not answer.proved:
        return None
    numbers, ident = {**issued, **answer.numbers}, slug(answer.folder)

    def known(names: tuple[str, ...]) -> bool:
        return all(math.isfinite(numbers.get(name, math.nan)) for name in names)

    for needed, draw in SPEEDS.items():
        if known(needed):
            return draw(numbers, ident)
    if known(_INITIAL):
        return _initial(numbers, ident, answer)
    return _majorant(numbers, ident) if known(_MAJORANT) else None


def _majorant(numbers: Numbers, ident: str) -> Plot:
    r"""$g(s) = \lVert r\rVert - \sigma s + \tfrac12\Lambda s^2$ up to its minimum."""
    r, sigma, curvature, path = (numbers[name] for name in _MAJORANT)
    where = (
        "the weights at the end of the run" if "shadow_radius" in numbers else "the saved weights"
    )
    bottom = sigma / curvature if curvature > 0.0 else math.inf
    s = np.linspace(0.0, min(bottom, 4.0 * path) if path > 0.0 else 1.0, POINTS)
    lines = [Line("majorant g(s)", s, r - sigma * s + 0.5 * curvature * s**2, width=3.5)]
    lines.append(_positive("without curvature", s, r - sigma * s, "var(--line-2)"))
    found = numbers.get("curvature_found", math.nan)
    if math.isfinite(found):
        bent = r - sigma * s + 0.5 * min(found, curvature) * s**2
        lines.append(
            _positive("with as much curvature as a search found", s, bent, "var(--line-4)")
        )
    lines.append(_end(path))
    return Plot(
        ident=f"majorant-{ident}",
        title="Why the residual must reach zero",
        about=(
            f"After a path of length s from {where}, the residual norm is at most g(s), as "
            "long as g is positive. The curve crosses zero, so the residual has reached zero "
            "before: that is where every run ends."
        ),
        x_axis="length of the path s",
        y_axis="bound of the residual norm",
        lines=tuple(lines),
        over_time=False,
    )


def _initial(numbers: Numbers, ident: str, answer: Proof) -> Plot:
    r"""What is left of the linear path's length, $V - \Psi(s)$."""
    length, c, bend, path = (numbers[name] for name in _INITIAL)
    name = "error of the whitened kernel"
    start = next((step.value for step in answer.steps if step.name.startswith(name)), 0.0)
    s = np.linspace(0.0, 1.5 * path, POINTS)
    x = start + bend * s
    gained = (1.0 + c) * np.log((1.0 + x) / (1.0 + start))
    gained = (gained - c * (x - start) * (1.0 + 0.5 * (x + start))) / bend
    slope = (1.0 - c * start) / (1.0 + start) - c * start
    return Plot(
        ident=f"majorant-{ident}",
        title="Why the path must end",
        about=(
            "The path of the linearised descent from the initial weights has the length at the "
            "left. After a path of length s of the real one, what is left of it is at most the "
            "curve, as long as that is positive. It crosses zero: no run is longer."
        ),
        x_axis="length of the path s",
        y_axis="bound of the linear path that is left",
        lines=(
            Line("linear path that is left", s, length - gained, width=3.5),
            _positive("if J did not change", s, length - slope * s, "var(--line-2)"),
            _end(path),
        ),
        over_time=False,
    )


def _positive(
    label: str, s: Float[np.ndarray, " n"], y: Float[np.ndarray, " n"], colour: str
) -> Line:
    """A comparison, as long as it is above zero."""
    return Line(label, s, np.where(y >= 0.0, y, np.nan), colour, "dash", promised=True)


def _end(path: float) -> Line:
    place = np.array([path]), np.array([0.0])
    return Line("end of the path s*", *place, "var(--line-3)", symbol="diamond", promised=True)


_MAJORANT = ("residual_norm", "sigma_min", "lipschitz", "path_length")
_INITIAL = ("linear_path_length", "constant", "whitened_lipschitz", "path_length")
