"""One cell of a sweep: a `certify` run without a report page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from surefit.core.plugins import load_named_plugins
from surefit.core.trajectory import Status
from surefit.runs import CertifySpec
from surefit.workflows.certifying import certify
from surefit.workflows.preparation import bytes_needed

__all__ = ["run", "weigh"]

# The user's own activations, theorems and the like: once in every worker.
load_named_plugins()


def run(spec: Mapping[str, Any], out: str) -> Path:
    """Run a cell, or go on with it, and publish it.

    Args:
        spec: canonical, but with the path of a data file.
        out: the store.

    Returns:
        The directory of the run.

    Raises:
        KeyboardInterrupt: it was interrupted; its checkpoint is kept.
        SurefitError: see `certify`.
    """
    parsed = CertifySpec.from_canonical(spec)
    parsed.verify_data()
    done = certify(parsed, out)
    if done.record.trajectory.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    return done.directory


def weigh(spec: Mapping[str, Any]) -> int:
    """Bytes that the cell will allocate at most; loads its data."""
    return bytes_needed(CertifySpec.from_canonical(spec))
