"""A data set as it came from its source, checked when it is made."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Shaped

from surefit.data.rows import RowsError
from surefit.data.targets import TASKS, as_labels, as_numbers
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["Dataset"]


@dataclasses.dataclass(frozen=True, eq=False)
class Dataset:
    """A data set as it came from its source.

    Everything is checked and brought into one form when the object is made: `x` becomes float64
    (images keep their shape (n, h, w) or (n, h, w, c)), labels become int64 or text, targets
    float64, and the arrays are read-only views. Row numbers in messages count from 0.

    Args:
        name: what to call it.
        x: the inputs, one example per row, shape (n, ...).
        y: the labels, shape (n,), or the targets, shape (n,) or (n, k).
        task: "classification" or "regression".
        classes: the classes in the order in which label codings use them; by default the distinct
            labels, sorted. Empty for a regression.
        source: where it came from, in words.
        rows: the row number of each example in the source; by default 0 to n - 1.

    Raises:
        InvalidInputError: the data are empty, of a wrong shape or type, not finite (the message
            names the rows), or x and y differ in length.
    """

    name: str
    x: Shaped[np.ndarray, "..."]
    y: Shaped[np.ndarray, "..."]
    task: str = "classification"
    classes: tuple[Any, ...] | None = None
    source: str = "given by the caller"
    rows: Shaped[np.ndarray, "..."] | None = None

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise UnknownNameError("task", self.task, TASKS)
        x = _inputs(np.asarray(self.x))
        y = _outputs(np.asarray(self.y), len(x), self.task)
        rows = np.arange(len(x)) if self.rows is None else np.asarray(self.rows, dtype=np.int64)
        if rows.shape != (len(x),):
            raise InvalidInputError(
                f"`Dataset(rows=...)` must number every example. Got shape {rows.shape} for "
                f"{len(x)} examples. Leave it out for 0 to n - 1."
            )
        for field, array in (("x", x), ("y", y), ("rows", rows)):
            view = array.view()
            view.flags.writeable = False
            object.__setattr__(self, field, view)
        object.__setattr__(self, "classes", _classes(y, self.task, self.classes))

    def __len__(self) -> int:
        return len(self.x)

    @property
    def vectors(self) -> Shaped[np.ndarray, "n d"]:
        """The inputs with every example flattened to a vector."""
        return self.x.reshape(len(self.x), -1)

    def take(
        self, rows: Shaped[np.ndarray, " m"], classes: tuple[Any, ...] | None = None
    ) -> Dataset:
        """The examples at `rows`, in that order, with the row numbers of the source kept.

        Args:
            rows: positions in this data set.
            classes: the classes to keep; all classes of this data set by default.
        """
        return dataclasses.replace(
            self,
            x=self.x[rows],
            y=self.y[rows],
            rows=self.rows[rows],
            classes=self.classes if classes is None else classes,
        )


def _inputs(x: np.ndarray) -> np.ndarray:
    if x.dtype.kind not in "buif":
        raise InvalidInputError(
            f"`Dataset(x=...)` must be an array of real numbers. Got dtype {x.dtype}. A network "
            "computes with numbers. Encode categories as numbers (one column per category) first."
        )
    if x.ndim < 2:
        raise InvalidInputError(
            "`Dataset(x=...)` must have shape (n, ...), one example per row. Got shape "
            f"{x.shape}. Write x[:, None] for n examples with one feature."
        )
    if x.size == 0:
        raise InvalidInputError(
            f"`Dataset(x=...)` must hold at least one example with one feature. Got shape "
            f"{x.shape}. There is nothing to fit."
        )
    x = x.astype(np.float64, copy=False)
    refuse_non_finite(x, "`Dataset(x=...)`")
    return x


def refuse_non_finite(values: Shaped[np.ndarray, "n ..."], what: str) -> None:
    """Raise unless every number is finite, naming the rows.

    Raises:
        InvalidInputError: a row has a NaN or an infinity.
    """
    bad = np.flatnonzero(~np.isfinite(values.reshape(len(values), -1)).all(axis=1))
    if bad.size:
        raise RowsError(
            f"{what} must be finite. Got a NaN or an infinity in {{rows}} (counted from 0). Every "
            "kernel entry and loss that involves such a row is undefined. Remove or repair these "
            "rows.",
            bad,
        )


def _outputs(y: np.ndarray, n: int, task: str) -> np.ndarray:
    if y.ndim == 0 or len(y) != n:
        raise InvalidInputError(
            "`Dataset(x=..., y=...)` must have one label per row of x. Got "
            f"{n} rows in x and {'a single value' if y.ndim == 0 else f'{len(y)} labels'} in y. "
            "Check which rows are missing."
        )
    if y.ndim > 2 or 0 in y.shape:
        raise InvalidInputError(
            f"`Dataset(y=...)` must have shape (n,) or (n, k). Got {y.shape}. "
            "Flatten the targets of each example to a vector."
        )
    if task == "regression":
        y = as_numbers(y)
        refuse_non_finite(y, "`Dataset(y=...)`")
        return y
    if y.ndim == 2 and y.shape[1] > 1:
        raise InvalidInputError(
            f"`Dataset(y=..., task='classification')` must have shape (n,). Got {y.shape}. Labels "
            "are names of classes; how they become numbers is chosen when the data are prepared. "
            "Write y.argmax(axis=1) for one-hot rows, or task='regression' for k targets."
        )
    return as_labels(y.reshape(n))


def _classes(y: np.ndarray, task: str, classes: tuple[Any, ...] | None) -> tuple[Any, ...]:
    if task == "regression":
        return ()
    found = np.unique(y).tolist()
    if classes is None:
        return tuple(found)
    classes = tuple(as_labels(np.asarray(classes)).tolist())
    unknown = [label for label in found if label not in classes]
    if unknown:
        raise InvalidInputError(
            f"`Dataset(classes=...)` must contain every label that occurs in y. Got {classes}, but "
            f"y also has {unknown[:5]}. Add them, or drop these rows."
        )
    return classes
