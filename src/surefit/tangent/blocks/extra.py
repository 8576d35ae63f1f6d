"""What the extra `dask` brings, or a message that says how to get it."""

from __future__ import annotations

import importlib
from types import ModuleType

from surefit.errors import MissingDependencyError

__all__ = ["extra"]


def extra(name: str) -> ModuleType:
    """A module of the extra `dask`.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as cause:
        raise MissingDependencyError(
            f"`surefit.tangent.blocks` must have {name} installed. It is not. Blocks on disk and "
            "clusters are an optional part of surefit. Write pip install 'surefit[dask]'."
        ) from cause
