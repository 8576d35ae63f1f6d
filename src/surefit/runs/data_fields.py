"""The fields of a spec that say which data are used, and how they are prepared."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

from surefit.runs.options import (
    AtLeastOne,
    AtLeastTwo,
    Classes,
    ColumnName,
    Name,
    Names,
    NotNegative,
    option,
)
from surefit.runs.worded import Worded

__all__ = ["DataFields"]


class DataFields(Worded):
    """Which data, which part of them, and how inputs and targets are coded."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    data: Name = option(
        "digits",
        "The data: a source's name (`surefit list`), the path of a CSV, NPZ or IDX file, or "
        "`openml:name`. A path is relative to the current directory. The content of the file is "
        "part of the run's identity: editing it makes another run.",
        "be a source's name, a path or `openml:name`",
        '"digits"',
    )
    target: ColumnName | None = option(
        None,
        "The column of a table to predict, by its name in the first line or its number, counted "
        "from 0 (`-1`: the last). For CSV files and OpenML. Unset: the last column of a CSV file, "
        "and the one that OpenML declares.",
        "be the name or the number of a column",
        '"price"',
    )
    classes: Classes | None = option(
        None,
        "The classes to keep, in the order in which the label coding uses them (with two: the "
        "first is -1, the second +1). Unset: all of them, sorted.",
        "list two or more different class labels, each a whole number or a word",
        "[0, 1]",
    )
    samples: AtLeastTwo | None = option(
        None,
        "How many samples to use in total: the first ones in the order of the source. Unset: all. "
        "The Gram matrix of n samples needs memory of order n^2.",
        "be a whole number of at least 2",
        "300",
    )
    samples_per_class: AtLeastOne | None = option(
        None,
        "How many samples of each class to use, instead of a total number.",
        "be a whole number of at least 1",
        "150",
    )
    preprocess: Names = option(
        ("centre", "unit_norm"),
        "Preprocessing steps, in the order in which they are done (`surefit list`). "
        "Most theorems ask for inputs of norm 1.",
        "list the names of steps, in order",
        '["centre", "unit_norm"]',
    )
    labels: Name = option(
        "auto",
        "How targets are coded, for example plus-minus 1 or one-hot (`surefit list`). "
        "`auto` chooses by the number of classes. Codings of a regression, such as `raw`, also say "
        "that whole numbers in a table are no classes.",
        "be the name of a label coding",
        '"auto"',
    )
    noise: NotNegative = option(
        0.0,
        "Relative length of a random vector added to every input after preprocessing. It separates "
        "duplicate or parallel rows, which would make the limit kernel singular; the result then "
        "holds for the perturbed data.",
        "be a finite number of at least 0",
        "0.001",
    )

    def plain(self) -> dict[str, Any]:
        """The fields as plain data; `target`, which was added later, where it says something."""
        return self.model_dump(mode="json", exclude={"target"} if self.target is None else None)
