"""The data that a spec names, read with the options of their source that the spec implies."""

from __future__ import annotations

from typing import Any

from surefit import data
from surefit.errors import InvalidInputError
from surefit.runs.data_fields import DataFields

__all__ = ["load_source"]


def load_source(spec: DataFields, labels: str, *, images: bool = False) -> data.Dataset:
    """Load the data of a spec.

    Args:
        spec: names the source, and the column to predict.
        labels: the label coding that will be used. One for regressions says that the whole numbers
            of a table are no classes.
        images: ask for images instead of vectors, of sources that have them.

    Raises:
        InvalidInputError: a column is chosen of a source that has no columns, or the content is
            not usable.
        StorageError: a file or the network cannot be read.
    """
    known = data.options_of(spec.data)
    options: dict[str, Any] = {}
    if spec.target is not None:
        if "target" not in known:
            raise InvalidInputError(
                f"`{type(spec).__name__}(target=...)` must go with a table. Got target = "
                f"{spec.target!r} with data = {spec.data!r}, whose labels are fixed. Only CSV "
                "files and OpenML have columns to choose from. Leave target out, or save the data "
                "as CSV."
            )
        options["target"] = spec.target
    if known.get("task") == "auto" and _of_a_regression(labels):
        options["task"] = "regression"
    # A short form or a file says itself what it holds.
    if images and spec.data in data.LOADERS and "images" in known:
        options["images"] = True
    found = data.load(spec.data, **options)
    if len(found) < 2:
        raise InvalidInputError(
            f"`{type(spec).__name__}(data=...)` must hold at least two examples. Got "
            f"{len(found)} in {spec.data!r}. One can always be fitted, and preprocessing compares "
            "examples with each other. Add rows."
        )
    return found


def _of_a_regression(labels: str) -> bool:
    return labels in data.CODINGS and data.CODINGS[labels].task == "regression"
