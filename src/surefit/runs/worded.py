"""Specs whose faults are told in words, also where the class itself is called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from surefit.errors import InvalidInputError

__all__ = ["Worded"]

Spec = TypeVar("Spec", bound="Worded")


def _told(
    cls: type[BaseModel], cause: ValidationError, values: Mapping[str, Any]
) -> InvalidInputError:
    from surefit.runs.faults import explain  # it asks the fields of specs

    return InvalidInputError(explain(cause, cls.model_fields, values, owner=cls.__name__))


class _Worded(type(BaseModel)):  # type: ignore[misc]
    # Not `__init__`: a model with one of its own loses the context of its validation.
    def __call__(cls, **values: Any) -> Any:
        try:
            return super().__call__(**values)
        except ValidationError as cause:
            raise _told(cls, cause, values) from None


class Worded(BaseModel, metaclass=_Worded):
    """A model that raises `InvalidInputError` with one line for every faulty field."""

    @classmethod
    def parse(cls: type[Spec], values: Mapping[str, Any]) -> Spec:
        """Make a spec from a mapping of field names to values.

        Raises:
            InvalidInputError: a field is unknown, has a value that it does not take, or
                contradicts another one. The message has one line per faulty field.
        """
        return cls._validated(values)

    @classmethod
    def _validated(
        cls: type[Spec], values: Mapping[str, Any], context: dict[str, Any] | None = None
    ) -> Spec:
        try:
            return cls.model_validate(dict(values), context=context)
        except ValidationError as cause:
            raise _told(cls, cause, values) from None
