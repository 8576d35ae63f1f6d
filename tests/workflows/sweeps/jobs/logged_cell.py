"""The real job of a sweep, with the lines of `tiny_job` in the same log."""

import os

from tiny_job import log

from surefit.runs import CertifySpec, Store
from surefit.workflows.sweeps import cell
from surefit.workflows.sweeps.cell import weigh

__all__ = ["run", "weigh"]


def run(spec, out):
    parsed = CertifySpec.from_canonical(spec)
    if Store(out).find(parsed) is None:
        log("start", parsed.run_id, os.getpid())
    directory = cell.run(spec, out)
    log("end", parsed.run_id, os.getpid())
    return directory
