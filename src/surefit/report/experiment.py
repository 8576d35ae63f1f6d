"""The page of an experiment: verdict, figure, checks, table, and what the paper leaves open."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from surefit.core.experiment import ExperimentRecord, Panel
from surefit.core.jsonable import read_json
from surefit.report.banner import verdict_banner
from surefit.report.checks import check_table
from surefit.report.gallery import tiled
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import value
from surefit.report.plot import DASHES, PALETTE, Line, Plot
from surefit.report.reproduce import code_block, environment_table
from surefit.report.shared import Shared
from surefit.report.shell import document, page_header, write_document
from surefit.report.surfaces import surface_cards
from surefit.report.thinning import thin

__all__ = ["is_experiment", "render_experiment", "write_experiment"]

FILE_NAME = "report.html"
WORDS = {True: "Reproduced", False: "Not reproduced", None: "Cannot say"}
# A search has nothing to reproduce.
OWN_WORDS = {
    "width_finder": {True: "Found", False: "Not found", None: "Not enclosed"},
}
CONTENTS = (
    ("question", "Question"),
    ("verdict", "Verdict"),
    ("figure", "Figure"),
    ("checks", "Checks"),
    ("runs", "Runs"),
    ("choices", "Choices"),
    ("data", "Data"),
    ("reproduce", "Reproduce"),
)
FILES = (
    ("spec.json", "what was asked; its hash is the id"),
    ("result.json", "everything on this page"),
    ("curves.csv", "every point of the figure"),
    ("table.csv", "the table of the runs"),
    ("environment.json", "versions and platform"),
)
SURFACES = ("surfaces.csv", "every point of the surfaces")


def _plot(panel: Panel) -> Plot:
    lines = []
    for index, line in enumerate(panel.lines):
        kept = thin(line.y)
        lines.append(
            Line(
                label=line.label,
                x=line.x[kept],
                y=line.y[kept],
                colour=PALETTE[index % len(PALETTE)],
                dash=DASHES[index % len(DASHES)],
            )
        )
    return Plot(
        ident=f"panel-{panel.name.replace('_', '-')}",
        title=panel.title,
        about=panel.about,
        x_axis=panel.x_axis,
        y_axis=panel.y_axis,
        lines=tuple(lines),
        log_x=panel.log_x,
        log_y=panel.log_y,
        over_time=panel.over_time,
    )


def _facts(ident: str, title: str, caption: str, facts: dict[str, Any]) -> Html:
    rows = [[key.replace("_", " "), value(item)] for key, item in facts.items()]
    return section(ident, title, table(caption, ["what", "value"], rows, class_="facts"))


def _reproduce(record: ExperimentRecord) -> Html:
    names = (*FILES, *((SURFACES,) if record.surfaces else ()))
    files = [[element("code", name), meaning] for name, meaning in names]
    return section(
        "reproduce",
        "How to reproduce it",
        code_block(record.command, "command that makes this experiment again"),
        environment_table(record.environment),
        element(
            "details",
            element("summary", "Files beside this page"),
            table("Files of the directory", ["file", "what it holds"], files),
        ),
    )


def render_experiment(record: ExperimentRecord, shared: Shared | None = None) -> str:
    """The page of an experiment as one HTML document that needs nothing but itself."""
    plots = [_plot(panel) for panel in record.panels]
    rows = [[value(cell) for cell in row] for row in record.rows]
    header = page_header(
        "experiment", record.run_id, record.environment.get("date"), record.title, CONTENTS
    )
    sections = [
        section(
            "question",
            "What was asked",
            element("p", record.question, class_="lead"),
            element("p", "After ", element("cite", record.source), "."),
        ),
        verdict_banner(
            record.holds, OWN_WORDS.get(record.name, WORDS)[record.holds], record.verdict
        ),
        section(
            "figure",
            "The figure",
            surface_cards(record.surfaces) if record.surfaces else None,
            *tiled(plots, "curves.csv", wide=0),
        ),
        section("checks", "What is claimed, checked", check_table("Checks", record.checks)),
        section("runs", "The runs", table("One row per run", record.columns, rows)),
        _facts("choices", "What the paper leaves open", "What was chosen here", record.choices),
        _facts("data", "The data", "Facts of the data", record.facts),
        _reproduce(record),
    ]
    return document(record.title, header, sections, plots, record.surfaces, shared=shared)


def is_experiment(directory: Path) -> bool:
    """Whether a directory holds an experiment and not a run.

    Raises:
        StorageError: it holds neither.
    """
    found = read_json(Path(directory) / "result.json")
    return isinstance(found, dict) and "panels" in found


def write_experiment(directory: Path) -> Path:
    """Write the page of the experiment in `directory` as `report.html` beside its files.

    Args:
        directory: as `ExperimentRecord.save` fills it.

    Returns:
        The path of the page.

    Raises:
        StorageError: the experiment cannot be read, or the page cannot be written.
    """
    directory = Path(directory)
    text = render_experiment(ExperimentRecord.load(directory))
    return write_document(directory / FILE_NAME, text, "write_experiment")
