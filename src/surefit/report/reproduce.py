"""How to run it again: the command, the versions, the files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from surefit.core.record import RunRecord
from surefit.report.markup import Html, element, section, table
from surefit.report.numbers import value

__all__ = ["code_block", "environment_table", "reproduce"]

FILES = (
    ("spec.json", "what was asked; its hash is the id of the run"),
    ("environment.json", "versions and platform"),
    ("result.json", "every check, promise, spectrum and verdict on this page"),
    ("trajectory.npz", "every measured number, none left out"),
)


def code_block(text: str, label: str) -> Html:
    """Text to copy, with a button that does it."""
    return element(
        "div",
        element("pre", element("code", text), aria_label=label),
        element("button", "Copy", type="button", class_="copy", aria_label=f"Copy: {label}"),
        class_="code",
    )


def _flat(facts: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, item in facts.items():
        if isinstance(item, dict):
            yield from _flat(item, f"{prefix}{key} ")
        else:
            yield f"{prefix}{key}".replace("_", " "), item


def environment_table(environment: dict[str, Any]) -> Html:
    """Versions and platform, folded away."""
    rows = [[key, value(item)] for key, item in _flat(environment)]
    if not rows:
        return element("p", "The environment was not recorded.", class_="note")
    return element(
        "details",
        element("summary", "Versions and platform"),
        table("Environment of the run", ["what", "value"], rows, class_="facts"),
    )


def reproduce(record: RunRecord) -> Html:
    """The section that says how to get these numbers again."""
    files = list(FILES)
    if record.certificates:
        names = ", ".join(certificate.name for certificate in record.certificates)
        files.append(("certificates/", f"the statements and their witness arrays: {names}"))
    command = (
        code_block(record.command, "command that makes this run again")
        if record.command
        else element("p", "No command was recorded; spec.json holds all settings.", class_="note")
    )
    return section(
        "reproduce",
        "How to reproduce it",
        element("p", "Run ", element("code", record.run_id, class_="break"), ":"),
        command,
        environment_table(record.environment),
        element(
            "details",
            element("summary", "Files beside this page"),
            table(
                "Files of the run directory",
                ["file", "what it holds"],
                [[element("code", name), meaning] for name, meaning in files],
            ),
        ),
    )
