"""Connections to Dask clusters."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from surefit.errors import ClusterError, MissingDependencyError

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["connected"]

# Seconds for connecting to a scheduler.
_CONNECT = 30.0


@contextlib.contextmanager
def connected(address: str, workers: int | None) -> Iterator[Client]:
    """A client of the cluster at an address, or of one that is made here and ends here.

    Args:
        address: of a scheduler, or `local`.
        workers: of a local cluster.

    Raises:
        MissingDependencyError: Dask is not installed.
        ClusterError: there is no scheduler at that address.
    """
    try:
        from distributed import Client, LocalCluster
    except ImportError as cause:
        raise MissingDependencyError(
            "`sweep(dask=...)` needs the package distributed. It is not installed. It comes with "
            "an extra: `pip install surefit[dask]`."
        ) from cause
    if address == "local":
        # Its workers are threads: the cells have processes of their own in any case.
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=False,
            dashboard_address="127.0.0.1:0",
            memory_limit=None,
        )
        with _quiet(), cluster, Client(cluster, set_as_default=False) as client:
            yield client
        return
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as cause:
        raise ClusterError(
            f"`sweep(dask=...)` must be `local` or the address of a Dask scheduler that runs. Got "
            f"{address!r}: {cause}. Start one with `dask scheduler`, which prints its address, and "
            "workers with `dask worker ADDRESS`."
        ) from cause
    with client:
        yield client


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Without the complaints of connections that are closed on purpose."""
    log = logging.getLogger("distributed.batched")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(level)
