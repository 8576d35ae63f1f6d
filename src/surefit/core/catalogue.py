"""Catalogues: the things that can be chosen by name, found from the files that define them.

A catalogue belongs to one base class and one package. Every module of the package is imported on
first use, and every concrete subclass of the base class is an entry, wherever it was defined: a
new file in the package, or a class in the user's own script, appears by itself.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from typing import Generic, TypeVar

from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["Catalogue", "snake_case"]

T = TypeVar("T")


@functools.cache
def snake_case(name: str) -> str:
    """`LeakyRelu` -> `leaky_relu`; `DuEtAl2018` -> `du_et_al_2018`."""
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return re.sub(r"(?<=[A-Za-z])(?=\d{4})", "_", name).lower()


def _descendants(base: type[T]) -> Iterator[type[T]]:
    """Depth first, in the order of definition."""
    pending = base.__subclasses__()[::-1]
    while pending:
        yield (child := pending.pop())
        pending.extend(reversed(child.__subclasses__()))


class Catalogue(Generic[T]):
    """The concrete subclasses of `base`, by name.

    Args:
        kind: what an entry is called in messages ("activation").
        base: the class whose concrete subclasses are the entries. An entry's name is its class
            attribute `name`, or the snake case of the class name.
        package: the dotted name of the package whose modules define the entries.
    """

    def __init__(self, kind: str, base: type[T], package: str) -> None:
        self.kind, self.base, self.package = kind, base, package
        self._loaded = False

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
                importlib.import_module(f"{self.package}.{module.name}")

    def entries(self) -> dict[str, type[T]]:
        """All entries, sorted by name.

        Raises:
            InvalidInputError: two modules define an entry of the same name.
        """
        self._load()
        found: dict[str, type[T]] = {}
        for cls in _descendants(self.base):
            if inspect.isabstract(cls) or cls.__name__.startswith("_"):
                continue
            name = cls.__dict__.get("name") or snake_case(cls.__name__)
            other = found.setdefault(name, cls)
            # A notebook cell that is run again defines its class again: the newest one counts.
            if other.__module__ != cls.__module__:
                raise InvalidInputError(
                    f"Every {self.kind} must have a name of its own. Got {name!r} in both "
                    f"{other.__module__} and {cls.__module__}. Specs and reports refer to it by "
                    "name. Rename one of the classes."
                )
            found[name] = cls
        return dict(sorted(found.items()))

    def names(self) -> list[str]:
        """The names of all entries, sorted."""
        return list(self.entries())

    def __getitem__(self, name: str) -> type[T]:
        entries = self.entries()
        try:
            return entries[name]
        except KeyError:
            raise UnknownNameError(self.kind, name, entries) from None

    def __contains__(self, name: object) -> bool:
        return name in self.entries()

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries())
