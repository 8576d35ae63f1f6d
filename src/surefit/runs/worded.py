"""Specs whose faults are told in words, also where the class itself is called."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from surefit.errors import InvalidInputError

__all__ = ["Worded"]


class _Worded(type(BaseModel)):  # type: ignore[misc]
    # Not `__init__`: a model with one of its own loses the context of its validation.
    def __call__(cls, **values: Any) -> Any:
        try:
            return super().__call__(**values)
        except ValidationError as cause:
            from surefit.runs.faults import explain

            words = explain(cause, cls.model_fields, values, owner=cls.__name__)
            raise InvalidInputError(words) from None


class Worded(BaseModel, metaclass=_Worded):
    """A model that raises `InvalidInputError` with one line for every faulty field."""
