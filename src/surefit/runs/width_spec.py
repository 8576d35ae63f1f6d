"""The validated description of one search for the smallest certified width."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from surefit.runs.data_fields import DataFields
from surefit.runs.identity import canonical_text, digest
from surefit.runs.options import AtLeastOne, AtLeastTwo, Name, Positive, Seed, option
from surefit.runs.sources import fingerprint, is_file, split, without_directory

__all__ = ["Deviations", "WidthSpec"]


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


SCHEMA = "certified_width/1"

Deviations = Annotated[tuple[Positive, ...], BeforeValidator(_sequence), Field(min_length=1)]


class WidthSpec(DataFields):
    r"""What `surefit width --certified` is to look for.

    The network is $f(x) = \sum_ja_j\phi(\langle w_j, x\rangle)$ minus its outputs at the start,
    $w_j \sim N(0, \sigma_w^2I)$, $a_j \sim N(0, 1/m)$, all weights trained.
    """

    activation: Name = option(
        "tanh",
        "The activation function, a smooth one (`surefit list`).",
        "be the name of an activation",
        '"tanh"',
    )
    weight_stds: Deviations = option(
        (1.0, 2.0, 4.0, 8.0),
        "With `--certified`: standard deviations of the hidden weights to look at, for inputs of "
        "norm 1. A wide start conditions the tangent kernel far better.",
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

    def canonical(self) -> dict[str, Any]:
        """The search as plain data; a data file by its name and content."""
        found = fingerprint(split(self.data)[1]) if is_file(self.data) else None
        data = self.data if found is None else without_directory(self.data)
        own = {"data": data, "data_sha256": found, "schema": SCHEMA}
        return {**self.plain(), **own}

    def canonical_json(self) -> str:
        """One line of JSON, equal exactly for specs that describe the same search."""
        return canonical_text(self.canonical())

    @property
    def run_id(self) -> str:
        """The name under which an interrupted search is kept."""
        return f"certified_width-{self.activation}-s{self.seed}-{digest(self.canonical())}"
