"""The errors that surefit raises on purpose; each is also the builtin that it specialises.

A message has the form: what must hold, what was given, why, and what to write instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "BusyRunError",
    "ClusterError",
    "InvalidInputError",
    "MemoryLimitError",
    "MissingDependencyError",
    "NumericalError",
    "StorageError",
    "SurefitError",
    "UnknownNameError",
]


# Of what is known, a message names so many: catalogues are smaller, columns of tables may be more.
MOST_NAMES = 100


class SurefitError(Exception):
    """The root of all errors that surefit raises on purpose."""

    # KeyError and OSError print their arguments in their own way; a message is a message.
    def __str__(self) -> str:
        return str(self.args[0]) if self.args else ""


class InvalidInputError(SurefitError, ValueError):
    """An argument, a data set or a spec does not have the property that it must have."""


class UnknownNameError(InvalidInputError, LookupError):
    """A name is in no catalogue.

    Args:
        kind: what was looked up, in the field's words ("activation").
        name: what was asked for.
        known: the names that exist.
    """

    def __init__(self, kind: str, name: object, known: Iterable[str]) -> None:
        names = sorted(known)
        near = difflib.get_close_matches(str(name).lower(), names, n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        super().__init__(
            f"{kind} must be a known name. Got {name!r}.{hint} Known: "
            f"{', '.join(names[:MOST_NAMES])}{more}."
        )
        self.name, self.suggestion = name, near[0] if near else None


class NumericalError(SurefitError, ArithmeticError):
    """A computation did not reach an answer that can be trusted."""


class MemoryLimitError(SurefitError, MemoryError):
    """The work asked for would not fit into memory; raised before anything is allocated."""


class StorageError(SurefitError, OSError):
    """A file or a run directory cannot be read or written."""


class BusyRunError(StorageError):
    """Another process works on the run."""


class ClusterError(SurefitError, ConnectionError):
    """The processes that are to do the work do not start, cannot be reached, or were lost."""


class MissingDependencyError(SurefitError, ImportError):
    """An optional dependency is needed and not installed."""
