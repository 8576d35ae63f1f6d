"""Whether an error is about one cell or about the store of all of them."""

from __future__ import annotations

import errno

from surefit.errors import StorageError
from surefit.runs import Store
from surefit.runs.storing import FULL

__all__ = ["of_the_store"]


def of_the_store(error: BaseException, out: str) -> StorageError | None:
    """What is wrong with the store, if that is why a cell failed.

    A full disk is known by its error number. A file that cannot be read may be the cell's own data:
    then the store is asked whether it can be written.
    """
    chain: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in chain:
        chain.append(link)
        link = link.__cause__ or link.__context__
    causes = [one for one in chain if isinstance(one, OSError)]
    if not causes:
        return None
    if any(one.errno in FULL | {errno.EROFS} for one in causes):
        told = [one for one in chain if isinstance(one, StorageError)]
        if told:
            return told[0]
    try:
        Store(out).require_writable()
    except StorageError as cause:
        return cause
    return None
