"""The validated description of one search for the smallest certified width."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, ValidationError

from surefit.errors import InvalidInputError
from surefit.runs.data_fields import DataFields
from surefit.runs.faults import explain
from surefit.runs.options import AtLeastOne, AtLeastTwo, Name, Positive, Seed, option

__all__ = ["WidthSpec"]


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


_Deviations = Annotated[tuple[Positive, ...], BeforeValidator(_sequence), Field(min_length=1)]


class WidthSpec(DataFields):
    r"""What `surefit width` is to look for.

    The network is $f(x) = \sum_ja_j\phi(\langle w_j, x\rangle)$ minus its outputs at the start,
    $w_j \sim N(0, \sigma_w^2I)$, $a_j \sim N(0, 1/m)$, all weights trained.
    """

    activation: Name = option(
        "tanh",
        "The activation function, a smooth one (`surefit list`).",
        "be the name of an activation",
        '"tanh"',
    )
    weight_stds: _Deviations = option(
        (1.0, 2.0, 4.0, 8.0),
        "Standard deviations of the hidden weights to look at, for inputs of norm 1. A wide start "
        "conditions the tangent kernel far better.",
        "list one or more finite numbers above 0",
        "[1.0, 2.0, 4.0, 8.0]",
    )
    seeds: AtLeastOne = option(
        3,
        "How many draws of the initial weights to look at, of every size.",
        "be a whole number of at least 1",
        "3",
    )
    seed: Seed = option(
        0,
        "The first of these seeds; it also seeds the noise.",
        "be a whole number from 0 to 2^32 - 1",
        "0",
    )
    largest_width: AtLeastTwo = option(
        16384,
        "Widths beyond this are not tried, but estimated. Memory and time grow with samples times "
        "width and samples squared times width.",
        "be a whole number of at least 2",
        "16384",
    )

    @classmethod
    def parse(cls, values: Mapping[str, Any]) -> WidthSpec:
        """Make a spec from a mapping of field names to values.

        Raises:
            InvalidInputError: a field is unknown or has a value that it does not take; the message
                has one line per faulty field.
        """
        try:
            return cls.model_validate(dict(values))
        except ValidationError as cause:
            raise InvalidInputError(
                explain(cause, cls.model_fields, values, owner=cls.__name__)
            ) from None
