"""The environment of a process that computes with one thread."""

from __future__ import annotations

import os
from collections.abc import Mapping

__all__ = ["pinned"]

# BLAS and OpenMP read their number of threads when they are loaded, XLA (PJRT_NPROC, NPROC) when
# its backend starts: with the environment of a new process nobody is too late.
_ONE = (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "PJRT_NPROC",
    "NPROC",
)
_XLA = "--xla_cpu_multi_thread_eigen=false"


def pinned(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """A copy of the environment in which every library uses one thread.

    Workers then do not fight for cores, and results do not depend on how many there are: sums are
    cut into as many parts as there are threads.
    """
    flags = environment.get("XLA_FLAGS", "")
    return {
        **environment,
        **dict.fromkeys(_ONE, "1"),
        "XLA_FLAGS": flags if _XLA in flags else f"{flags} {_XLA}".strip(),
        # On a GPU, workers share its memory.
        "XLA_PYTHON_CLIENT_PREALLOCATE": environment.get("XLA_PYTHON_CLIENT_PREALLOCATE", "false"),
    }
