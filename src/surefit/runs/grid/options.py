"""The `[sweep]` section of a grid file: how the cells run, and which law is looked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.faults import explain
from surefit.runs.options import option

__all__ = ["SweepOptions", "parse_bytes"]

_UNITS = {"": 1, "k": 1, "m": 2, "g": 3, "t": 4}


def parse_bytes(text: str | int | float) -> float:
    """Bytes of a size as people write it: `"8GB"` (thousands), `"8 GiB"` (1024s), `8e9`.

    Raises:
        ValueError: it is no size.
    """
    if isinstance(text, bool):
        raise ValueError("a switch is no size")
    found = re.fullmatch(r"\s*(\d+\.?\d*(?:e\d+)?)\s*(?:([kmgt]?)(i?)b?)\s*", str(text).lower())
    if found is None or float(found[1]) <= 0 or (found[3] and not found[2]):
        raise ValueError("no size")
    power = _UNITS[found[2]] if found[2] else 0
    return float(found[1]) * (1024.0 if found[3] else 1000.0) ** power


_Bytes = Annotated[float, BeforeValidator(parse_bytes)]
_Count = Annotated[int, Field(ge=1)]
_Share = Annotated[float, Field(gt=0, lt=1)]


def _address(text: str) -> str:
    if text != "local" and re.fullmatch(r"\w+://\S+", text) is None:
        raise ValueError("no address")
    return text


_Address = Annotated[str, AfterValidator(_address)]


class SweepOptions(BaseModel):
    """How the cells of a grid are run; the options of `surefit sweep` of the same names win."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    workers: _Count | None = option(
        None,
        "Processes that run at the same time. Unset: one per core of this machine.",
        "be a whole number of at least 1",
        "2",
    )
    memory_limit: _Bytes | None = option(
        None,
        "What all workers together may use; a cell that does not fit waits. Unset: what the "
        "machine has free.",
        "be a size above 0, with a unit",
        '"8GB"',
    )
    dask: _Address | None = option(
        None,
        "The address of a Dask scheduler whose workers run the cells, instead of processes here; "
        "`local` for a cluster on this machine that ends with the sweep.",
        "be an address, or `local`",
        '"tcp://127.0.0.1:8786"',
    )
    success: Literal["converged", "proved", "holds"] = option(
        "converged",
        "What counts as success: `converged` (training reached its goal), `proved` (the checker "
        "proved the certificate) or `holds` (the verdict of the run is yes).",
        "be `converged`, `proved` or `holds`",
        '"converged"',
    )
    probability: _Share = option(
        0.9,
        "The width looked for is the least at which a cell succeeds with this probability.",
        "be a number between 0 and 1",
        "0.9",
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any], where: str) -> SweepOptions:
        """Make options from a mapping.

        Args:
            values: name -> value.
            where: file and table, for messages.

        Raises:
            InvalidInputError: an option is unknown, or has a value that it does not take.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as cause:
            words = explain(cause, cls.model_fields, values, owner=cls.__name__)
            raise InvalidInputError(f"{where}: {words}") from None
