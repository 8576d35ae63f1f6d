"""The pages of single runs in a site; those whose run has not changed are taken over."""

from __future__ import annotations

import functools
import hashlib
import importlib.resources
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from surefit.core.jsonable import read_json
from surefit.errors import StorageError
from surefit.report.experiment import render_experiment
from surefit.report.kernel import render_kernel
from surefit.report.page import render
from surefit.report.shared import Shared

__all__ = ["BUILD", "Earlier", "fingerprint", "render_page", "take_over"]

BUILD = "build.json"
_FILES = ("spec.json", "result.json", "environment.json", "trajectory.json", "trajectory.npz")
_SHARED = Shared(assets="../assets", home="../index.html")
_RENDER = {"certify": render, "kernel": render_kernel, "experiment": render_experiment}


@functools.cache
def _maker() -> str:
    """A hash of the code that makes pages, so that an upgrade makes them again."""
    digest = hashlib.sha256()
    for path in _sources(importlib.resources.files("surefit.report")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _sources(folder: Any) -> Iterator[Any]:
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if item.is_dir():
            yield from _sources(item)
        elif item.name.endswith((".py", ".js", ".css")):
            yield item


def fingerprint(directory: Path) -> str:
    """Changes whenever a file of the run, its certificates' folder or the code for pages does."""
    parts = [_maker()]
    for name in (*_FILES, "certificates", "certificate"):
        try:
            state = (directory / name).stat()
        except OSError:
            continue
        parts.append(f"{name}:{state.st_size}:{state.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:24]


def render_page(kind: str, record: Any) -> str:
    """The page of a run as a part of a site.

    Args:
        kind: `certify`, `kernel` or `experiment`.
        record: the run.
    """
    return _RENDER[kind](record, _SHARED)


class Earlier:
    """The site that is there already, for the pages that can stay as they are.

    Args:
        site: its folder, which need not exist.
    """

    def __init__(self, site: Path) -> None:
        self._pages = site / "runs"
        try:
            known = read_json(site / BUILD)
            self._known = dict(known["pages"])
        except (StorageError, KeyError, TypeError, ValueError):
            self._known = {}

    def page(self, run_id: str, mark: str) -> Path | None:
        """The earlier page of a run with this fingerprint, where there is one."""
        page = self._pages / f"{run_id}.html"
        return page if self._known.get(run_id) == mark and page.is_file() else None


def take_over(page: Path, to: Path) -> None:
    """Give `to` an earlier page."""
    to.unlink(missing_ok=True)
    try:
        # Pages are replaced, never changed: two sites may have the same file.
        os.link(page, to)
    except OSError:
        shutil.copy2(page, to)
