"""The page of a run: its sections in order."""

from __future__ import annotations

from pathlib import Path

from surefit.core.record import RunRecord
from surefit.report.asked import asked, headline
from surefit.report.certificates import certificates
from surefit.report.cite import cite
from surefit.report.condition import condition, condition_plots
from surefit.report.gallery import gallery, plots_of
from surefit.report.limits import limits
from surefit.report.problem import problem
from surefit.report.proof import proof
from surefit.report.proof_plots import proof_plots
from surefit.report.rates import rates
from surefit.report.reproduce import reproduce
from surefit.report.shared import Shared
from surefit.report.shell import document, page_header, write_document
from surefit.report.theorems import theorems
from surefit.report.verdict import at_a_glance, banner
from surefit.report.widths import has_widths, widths

__all__ = ["FILE_NAME", "render", "write_page"]

FILE_NAME = "report.html"

CONTENTS = (
    ("asked", "Question"),
    ("verdict", "Verdict"),
    ("proof", "Proof"),
    ("condition", "Progress"),
    ("certificate", "Certificate"),
    ("theorems", "Theorems"),
    ("widths", "Widths"),
    ("plots", "Measurements"),
    ("data", "Data"),
    ("reproduce", "Reproduce"),
    ("cite", "Cite"),
    ("limits", "Not claimed"),
)


def render(record: RunRecord, shared: Shared | None = None) -> str:
    """The report of a run as one HTML document.

    Args:
        record: the run.
        shared: of a page of a site, where the other files of the site are.

    Returns:
        The document. It fetches nothing: style, script and plotting library are inside, and its
        content security policy forbids the rest.
    """
    plots = plots_of(record)
    absent = {
        *(() if has_widths(record) else ("widths",)),
        *(() if record.proofs else ("proof",)),
        *(() if record.conditions is not None else ("condition",)),
    }
    contents = [item for item in CONTENTS if item[0] not in absent]
    pictures, conditions = proof_plots(record), condition_plots(record)
    header = page_header(
        "run report", record.run_id, record.environment.get("date"), headline(record), contents
    )
    sections = [
        asked(record),
        banner(record),
        at_a_glance(record),
        proof(record, pictures),
        condition(record, conditions),
        certificates(record.certificates),
        theorems(record),
        widths(record),
        gallery(plots),
        rates(record),
        problem(record),
        reproduce(record),
        cite(record),
        limits(record),
    ]
    shown = [*pictures.values(), *conditions, *plots]
    return document(headline(record), header, sections, shown, shared=shared)


def write_page(directory: Path) -> Path:
    """Write the report of the run in `directory` as `report.html` beside its files.

    Args:
        directory: a run directory, as `RunRecord.save` fills it.

    Returns:
        The path of the page.

    Raises:
        StorageError: the run cannot be read, or the page cannot be written.
    """
    directory = Path(directory)
    text = render(RunRecord.load(directory))
    return write_document(directory / FILE_NAME, text, "write_page")
