"""The tables of a grid file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.fields import CertifyFields

__all__ = ["Sections", "sections"]


class Sections(BaseModel):
    """The tables of a grid file, as they are written."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: dict[str, Any] = {}
    grid: dict[str, Any] = {}
    zipped: list[dict[str, Any]] = Field([], alias="zip")
    exclude: list[dict[str, Any]] = []
    sweep: dict[str, Any] = {}


def sections(written: Mapping[str, Any], name: str) -> Sections:
    """The tables of a grid.

    Args:
        written: as read from the file.
        name: of the file, for messages.

    Raises:
        InvalidInputError: there are others, or one is no table.
    """
    try:
        return Sections.model_validate(dict(written))
    except ValidationError as cause:
        place = str(cause.errors(include_url=False)[0]["loc"][0])
    hint = (
        f"`{place}` is a field of a run: write it below `[base]` or `[grid]`"
        if place in CertifyFields.model_fields
        else "Correct the name of the table, or its brackets"
    )
    raise InvalidInputError(
        f"{name} must have no other tables than [base], [grid], [[zip]], [[exclude]] and [sweep]. "
        f"Got {place} = {str(written[place])[:60]}. Fixed values, products, lists that move "
        "together, what is left out, and how to run have a table each; [[zip]] and [[exclude]] "
        f"stand in double brackets. {hint}; `surefit sweep --init grid.toml` writes an example."
    )
