"""The page of a kernel run: verdict, predicted curves, spectrum, classes, heat map, calibration."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from surefit.core.jsonable import read_json
from surefit.core.kernel_record import KernelRecord
from surefit.core.panels import Panel
from surefit.report import kernel_tables
from surefit.report.banner import verdict_banner
from surefit.report.gallery import tiled
from surefit.report.kernel_map import IDENT, map_card, map_figure
from surefit.report.markup import Html, element, heading, section, table
from surefit.report.numbers import value
from surefit.report.plot import DASHES, PALETTE, SYMBOLS, Line, Plot
from surefit.report.reproduce import code_block, environment_table
from surefit.report.shared import Shared
from surefit.report.shell import document, page_header, write_document
from surefit.report.spectra import spectra_plot
from surefit.report.thinning import thin

__all__ = ["is_kernel", "render_kernel", "write_kernel"]

FILE_NAME = "report.html"
WORDS = {True: "It fits", False: "It does not fit", None: "Cannot say"}
CONTENTS = (
    ("question", "Question"),
    ("verdict", "Verdict"),
    ("curves", "Training"),
    ("spectrum", "Spectrum"),
    ("classes", "Classes"),
    ("map", "Map"),
    ("calibration", "Calibration"),
    ("comparison", "Comparison"),
    ("data", "Data"),
    ("reproduce", "Reproduce"),
)
FILES = (
    ("spec.json", "what was asked; its hash is the id"),
    ("result.json", "everything on this page"),
    ("curves.csv", "every point of the curves"),
    ("spectra.csv", "every eigenvalue"),
    ("environment.json", "versions and platform"),
)


def _line(index: int, label: str, x: np.ndarray, y: np.ndarray) -> Line:
    kept = thin(y)
    measured = label.startswith("trained network")
    return Line(
        label=label,
        x=x[kept],
        y=y[kept],
        colour="var(--ink)" if measured else PALETTE[index // 2 % len(PALETTE)],
        # Pairs of training and test samples: one hue, solid and dashed.
        dash=DASHES[0 if measured else index % 2],
        symbol=SYMBOLS[index // 2 % len(SYMBOLS)],
        promised=not measured,
    )


def _plot(panel: Panel) -> Plot:
    lines = tuple(_line(i, line.label, line.x, line.y) for i, line in enumerate(panel.lines))
    return Plot(
        ident=f"panel-{panel.name}",
        title=panel.title,
        about=panel.about,
        x_axis=panel.x_axis,
        y_axis=panel.y_axis,
        lines=lines,
        log_x=panel.log_x,
        log_y=panel.log_y,
    )


def _question(record: KernelRecord) -> Html:
    rows = [[name.replace("_", " "), value(item)] for name, item in sorted(record.spec.items())]
    return section(
        "question",
        "What was asked",
        element(
            "p",
            "Take a network of infinite width with random weights. What do its kernels say about "
            "these data: will gradient descent fit the training samples, how fast, and how well "
            "does the result predict others?",
            class_="lead",
        ),
        element(
            "details",
            element("summary", f"The spec, all {len(rows)} fields"),
            table("Spec of the run", ["field", "value"], rows, class_="facts"),
        ),
    )


def _data(record: KernelRecord) -> Html:
    rows = [[key.replace("_", " "), value(item)] for key, item in record.facts.items()]
    return section(
        "data", "Data and network", table("Facts", ["what", "value"], rows, class_="facts")
    )


def _reproduce(record: KernelRecord) -> Html:
    files = [[element("code", name), meaning] for name, meaning in FILES]
    return section(
        "reproduce",
        "How to reproduce it",
        code_block(record.command, "command that makes this run again"),
        environment_table(record.environment),
        element(
            "details",
            element("summary", "Files beside this page"),
            table("Files of the directory", ["file", "what it holds"], files),
        ),
    )


def render_kernel(record: KernelRecord, shared: Shared | None = None) -> str:
    """The page of a kernel run as one HTML document that needs nothing but itself."""
    curves = [_plot(panel) for panel in record.panels]
    spectrum = spectra_plot(record.spectra)
    parts = {
        "classes": kernel_tables.class_table(record),
        "calibration": kernel_tables.calibration(record),
        "comparison": kernel_tables.comparison(record),
    }
    contents = [item for item in CONTENTS if parts.get(item[0], item) is not None]
    header = page_header(
        "kernels", record.run_id, record.environment.get("date"), record.title, contents
    )
    sections = [
        _question(record),
        verdict_banner(record.holds, WORDS[record.holds], record.verdict),
        kernel_tables.tiles(record),
        section(
            "curves",
            "How fast it will train",
            *tiled(curves, "curves.csv"),
            heading(3, "Steps and times", class_="apart"),
            kernel_tables.times_table(record.kernels),
        ),
        section(
            "spectrum",
            "Spectrum",
            *kernel_tables.status_notes(record.kernels),
            *(tiled([spectrum], "spectra.csv") if spectrum else ()),
            heading(3, "In numbers", class_="apart"),
            kernel_tables.spectrum_table(record.kernels),
        ),
        parts["classes"],
        section("map", "Which samples are alike", map_card(record.heat_map)),
        parts["calibration"],
        parts["comparison"],
        _data(record),
        _reproduce(record),
    ]
    plots = [*curves, *([spectrum] if spectrum else [])]
    figures = {IDENT: map_figure(record.heat_map)}
    return document(record.title, header, sections, plots, figures=figures, shared=shared)


def is_kernel(directory: Path) -> bool:
    """Whether a directory holds a kernel run.

    Raises:
        StorageError: it holds no run at all.
    """
    found = read_json(Path(directory) / "result.json")
    return isinstance(found, dict) and "heat_map" in found


def write_kernel(directory: Path) -> Path:
    """Write the page of the kernel run in `directory` as `report.html` beside its files.

    Args:
        directory: as `KernelRecord.save` fills it.

    Returns:
        The path of the page.

    Raises:
        StorageError: the run cannot be read, or the page cannot be written.
    """
    directory = Path(directory)
    text = render_kernel(KernelRecord.load(directory))
    return write_document(directory / FILE_NAME, text, "write_kernel")
