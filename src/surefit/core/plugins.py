"""The user's own files: what they define appears in the catalogues."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from surefit.errors import InvalidInputError

__all__ = ["PLUGINS", "load_named_plugins", "load_plugins"]

PLUGINS = "SUREFIT_PLUGINS"
"""The environment variable that names the files for processes that work for another one."""


def load_plugins(paths: Sequence[Path]) -> None:
    """Import each file, so that the classes in it join their catalogues.

    Raises:
        InvalidInputError: a file is missing or fails to import.
    """
    for path in paths:
        name = f"surefit_plugin_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        if spec is None or spec.loader is None or not path.is_file():
            raise InvalidInputError(
                f"`--plugin` must name a Python file. Got {path}, which is not one. The classes "
                "in it join the catalogues. Give the path of a file that ends in .py."
            )
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as cause:
            raise InvalidInputError(
                f"`--plugin {path}` must be a file that can be imported. Got "
                f"{type(cause).__name__}: {cause}. Run it with Python to see the full traceback."
            ) from cause


def load_named_plugins() -> None:
    """Import the files that the environment variable names, as `PATH` names folders.

    Raises:
        InvalidInputError: a file is missing or fails to import.
    """
    load_plugins([Path(name) for name in os.environ.get(PLUGINS, "").split(os.pathsep) if name])
