"""The public face of sweeps."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

from surefit.errors import InvalidInputError
from surefit.runs import CertifySpec, Store
from surefit.workflows.sweeps.ledger import Ledger
from surefit.workflows.sweeps.listener import SweepListener
from surefit.workflows.sweeps.local import run_locally
from surefit.workflows.sweeps.outcome import SweepOutcome
from surefit.workflows.sweeps.plan import unique_cells

__all__ = ["sweep"]


def sweep(
    cells: Sequence[CertifySpec],
    out: Path | str = "runs",
    *,
    workers: int | None = None,
    dask: str | None = None,
    retry_failed: bool = False,
    memory_limit: int | float | None = None,
    listener: SweepListener | None = None,
    job: str = "surefit.workflows.sweeps.cell:run",
) -> SweepOutcome:
    """Do many runs, on this machine or on a Dask cluster, over one store.

    The store decides everything: finished cells are reused, interrupted ones go on from their
    checkpoints, failed ones are kept with their traceback. The same call after a crash, a full disk
    or a `kill -9` at any time, of any process, does what is left. Two sweeps on one store at once
    share the work. Workers compute with one thread each, so that results do not depend on how many
    there are, bit for bit.

    Args:
        cells: what to run; equal ones count once.
        out: the store; a cluster's workers must see it under the same path.
        workers: processes on this machine; None: one for each physical core. The workers of a
            cluster at an address are its own.
        dask: the address of a Dask scheduler (`tcp://host:port`), or `local` for a cluster on this
            machine that ends with the call.
        retry_failed: whether cells that failed before are tried again.
        memory_limit: bytes for all running cells together, or for those of each worker of a
            cluster; None: what is free. A cell that does not fit beside those that run waits, one
            that never fits fails.
        listener: hears of progress.
        job: `module:function` with `function(spec, out)`, which does a cell and returns its
            directory; the module may have `weigh(spec)`, the bytes it needs.

    Returns:
        How many cells were finished and reused, and which failed.

    Raises:
        InvalidInputError: an argument is not usable.
        StorageError: the store cannot be written, or its disk is full; nothing finished is lost.
        ClusterError: workers do not start, or the cluster cannot be reached or was lost.
        MissingDependencyError: `dask` is asked for and not installed.

    Cost:
        Starting a worker takes seconds, compiling for the first cell of a shape as well; cells of
        one shape go to one worker in turn.

    Example:
        >>> from surefit.runs import CertifySpec
        >>> cells = [CertifySpec(samples=20, classes=(0, 1), width=32, seed=s) for s in range(4)]
        >>> sweep(cells, "runs", workers=2).failed  # doctest: +SKIP
        ()
    """
    begun = time.monotonic()
    _check(workers, dask, memory_limit, job)
    root = Path(out).expanduser().absolute()
    store = Store(root)
    listener = listener if listener is not None else SweepListener()
    ledger = Ledger(store, listener, unique_cells(cells), retry_failed=retry_failed)
    interrupted = False
    if dask is not None and ledger.open:
        store.require_writable()
        from surefit.workflows.sweeps.dask_client import connected
        from surefit.workflows.sweeps.dask_cluster import run_on_dask

        with connected(dask, workers or _cores()) as client:
            ledger.plan(sum(client.nthreads().values()))
            interrupted = run_on_dask(client, ledger, root, job=job, memory_limit=memory_limit)
    else:
        workers = workers or _cores()
        ledger.plan(workers)
        if ledger.open:
            store.require_writable()
            interrupted = run_locally(
                ledger, root, job=job, workers=workers, memory_limit=memory_limit
            )
    store.clean()
    return SweepOutcome(
        finished=ledger.finished,
        reused=ledger.reused,
        failed=tuple(ledger.failed),
        interrupted=interrupted,
        seconds=time.monotonic() - begun,
    )


def _cores() -> int:
    # Of this process: affinity and the limits of a container count.
    from joblib import cpu_count

    return max(1, cpu_count(only_physical_cores=True))


def _check(
    workers: int | None, dask: str | None, memory_limit: int | float | None, job: str
) -> None:
    if workers is not None and (not isinstance(workers, int) or workers < 1):
        raise InvalidInputError(
            f"`sweep(workers=...)` must be a whole number of at least 1. Got {workers!r}. It is "
            "the number of processes. Leave it out for one on each core."
        )
    if workers is not None and dask not in (None, "local"):
        raise InvalidInputError(
            f"`sweep(workers=...)` must not stand beside the address of a cluster. Got workers = "
            f"{workers} and dask = {dask!r}. A cluster has its own workers. Leave it out, and "
            f"start as many as you like with `dask worker {dask}`."
        )
    if memory_limit is not None and not (math.isfinite(memory_limit) and memory_limit > 0):
        raise InvalidInputError(
            f"`sweep(memory_limit=...)` must be a number of bytes above 0. Got {memory_limit!r}. "
            "All running cells together stay below it. Leave it out for what is free."
        )
    module, _, function = job.partition(":")
    if not (module and function):
        raise InvalidInputError(
            f"`sweep(job=...)` must be `module:function`. Got {job!r}. Workers import the module "
            "and call the function. Leave it out for `certify` runs."
        )
