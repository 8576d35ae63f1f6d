"""Eigenvalues by rank, on logarithmic axes."""

from __future__ import annotations

import numpy as np

from surefit.core.record import RunRecord
from surefit.report.order import ordered
from surefit.report.plot import DASHES, PALETTE, Line, Plot
from surefit.report.thinning import thin

__all__ = ["spectra_plot", "spectrum_plot"]

NAMES = {
    "limit_ntk": "limit kernel (infinite width)",
    "limit_nngp": "limit NNGP kernel (infinite width)",
    "ntk": "NTK (all layers trained)",
    "nngp": "NNGP (last layer trained)",
    "empirical_ntk_initial": "this network, at the start",
    "empirical_ntk_final": "this network, at the end",
    "first_output_ntk_initial": "this network, first output, at the start",
    "first_output_ntk_final": "this network, first output, at the end",
}


def _line(index: int, name: str, eigenvalues: list[float]) -> Line:
    descending = np.asarray(eigenvalues, dtype=np.float64)[::-1]
    ranks = np.arange(1, len(descending) + 1, dtype=np.float64)
    kept = thin(descending)
    return Line(
        label=NAMES.get(name, name.replace("_", " ")),
        x=ranks[kept],
        y=descending[kept],
        colour=PALETTE[index % len(PALETTE)],
        dash=DASHES[index % len(DASHES)],
    )


def spectrum_plot(record: RunRecord) -> Plot | None:
    """All recorded spectra of a run in one plot; None if there are none."""
    return spectra_plot(record.spectra)


def spectra_plot(recorded: dict[str, list[float]]) -> Plot | None:
    """Spectra by name in one plot, the largest eigenvalue first; None if there are none."""
    spectra = {name: values for name, values in ordered(recorded, NAMES) if values}
    if not spectra:
        return None
    notes = []
    for name, values in spectra.items():
        hidden = int(np.sum(~(np.asarray(values, dtype=np.float64) > 0)))
        if hidden:
            notes.append(
                f"{hidden} of {len(values)} eigenvalues of “{NAMES.get(name, name)}” are not "
                "positive and have no place on a logarithmic axis."
            )
    return Plot(
        ident="plot-spectra",
        title="Spectra of the tangent kernel",
        about="Each eigenvalue is the speed at which gradient descent learns one pattern of the "
        "targets. The right end of a curve is the slowest pattern, and decides the rate.",
        x_axis="rank, largest first",
        y_axis="eigenvalue",
        lines=tuple(_line(i, name, values) for i, (name, values) in enumerate(spectra.items())),
        log_x=True,
        log_y=True,
        over_time=False,
        notes=tuple(notes),
    )
