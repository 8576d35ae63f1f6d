"""The extension point of data sources, and `load`, which finds the right one."""

from __future__ import annotations

import abc
import dataclasses
from pathlib import Path
from typing import Any, ClassVar

from surefit.core.catalogue import Catalogue
from surefit.data.dataset import Dataset
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["LOADERS", "Loader", "load", "options_of"]


class Loader(abc.ABC):
    """A source of data; its options are the fields of the subclass.

    To add one, write a frozen dataclass in a new file of `surefit/data/loaders/` with a `load`
    method. Its name in the catalogue is the snake case of the class name, its fields are the
    options that `load(source, **options)` accepts, their defaults are the defaults, and its
    docstring is their documentation.

    Attributes:
        endings: file name endings that mean this loader, in lower case and without ".gz".
        argument: the option that is filled by a path, or by the text behind the colon of a short
            form such as "openml:mnist_784"; empty where there is none.
    """

    endings: ClassVar[tuple[str, ...]] = ()
    argument: ClassVar[str] = ""

    @abc.abstractmethod
    def load(self) -> Dataset:
        """Read or draw the data.

        Raises:
            InvalidInputError: an option or the content is not what it must be.
            StorageError: a file or the network cannot be read.
        """


LOADERS: Catalogue[Loader] = Catalogue("data source", Loader, "surefit.data.loaders")


def load(source: str | Path, **options: Any) -> Dataset:
    """Load a data set by name, by file, or by a short form.

    Args:
        source: a name of the catalogue `LOADERS` ("digits", "sphere", ...); a path, understood by
            its ending (.csv, .tsv, .npz, .idx, ...idx3-ubyte, each possibly followed by .gz); or
            "name:argument", such as "openml:mnist_784" or "csv:measurements.txt".
        **options: the options of that source, see the docstring of its entry in `LOADERS`.

    Raises:
        UnknownNameError: no such source or option; the message suggests the nearest.
        InvalidInputError: an option is missing or wrong, or the content is not usable.
        StorageError: a file or the network cannot be read.

    Example:
        >>> from surefit.data import load
        >>> load("digits").x.shape
        (1797, 64)
        >>> load("sphere", n=5, d=3, seed=1).x.shape
        (5, 3)
    """
    name, argument = _resolve(source)
    loader = LOADERS[name]
    if argument is not None:
        if not loader.argument:
            raise InvalidInputError(
                f"`load(source=...)` must name {name!r} without a colon. Got {str(source)!r}. This "
                f"source reads nothing. Write load({name!r}, ...) with its options by name: "
                f"{', '.join(_fields(loader)) or 'it has none'}."
            )
        if loader.argument in options:
            raise InvalidInputError(
                f"`load(source=...)` must give {loader.argument!r} once. Got {str(source)!r} and "
                f"{loader.argument}={options[loader.argument]!r}. Leave one of them out."
            )
        options[loader.argument] = argument
    return _configure(name, loader, options).load()


def options_of(source: str | Path) -> dict[str, Any]:
    """The options that `load(source, ...)` takes, each with its default.

    Args:
        source: as for `load`; a file is not looked into.

    Raises:
        UnknownNameError: no such source.
        InvalidInputError: a file of unknown kind.

    Example:
        >>> from surefit.data import options_of
        >>> options_of("sphere")
        {'n': 200, 'd': 20, 'labels': 'random', 'seed': 0}
    """
    loader = LOADERS[_resolve(source)[0]]
    return {
        name: field.default for name, field in _fields(loader).items() if name != loader.argument
    }


def _fields(loader: type[Loader]) -> dict[str, dataclasses.Field]:
    return {field.name: field for field in dataclasses.fields(loader)}  # type: ignore[arg-type]


def _configure(name: str, loader: type[Loader], options: dict[str, Any]) -> Loader:
    fields = _fields(loader)
    for option in options:
        if option not in fields:
            raise UnknownNameError(f"option of the data source {name!r}", option, fields)
    missing = [
        key
        for key, field in fields.items()
        if field.default is dataclasses.MISSING and key not in options
    ]
    if missing:
        short = f" or load('{name}:...')" if missing == [loader.argument] else ""
        raise InvalidInputError(
            f"`load({name!r})` must be given {' and '.join(map(repr, missing))}. Got "
            f"{', '.join(options) or 'no options'}. Write "
            f"load({name!r}, {', '.join(f'{key}=...' for key in missing)}){short}."
        )
    return loader(**options)


def _resolve(source: str | Path) -> tuple[str, str | None]:
    text = str(source)
    if isinstance(source, str):
        if text in LOADERS:
            return text, None
        head, colon, tail = text.partition(":")
        if colon and head in LOADERS:
            return head, tail
    stem = Path(text).name.lower().removesuffix(".gz")
    for name, loader in LOADERS.entries().items():
        if loader.endings and stem.endswith(loader.endings):
            return name, text
    endings = [ending for loader in LOADERS.entries().values() for ending in loader.endings]
    if isinstance(source, Path) or Path(text).exists() or "/" in text or "\\" in text:
        raise InvalidInputError(
            f"`load(source=...)` must be a file of a known kind. Got {text!r}. Its ending is none "
            f"of {', '.join(endings)}. Say what it holds, as in 'csv:{text}' or 'npz:{text}'."
        )
    raise UnknownNameError("data source", text, LOADERS.names())
