"""From a data set to the arrays that a network is trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64, Shaped

from surefit.core.catalogue import snake_case
from surefit.core.check import Check
from surefit.data.dataset import Dataset
from surefit.data.diagnose import diagnose
from surefit.data.labels import LabelCode, label_code
from surefit.data.perturb import perturb
from surefit.data.rows import RowsError
from surefit.data.select import select
from surefit.data.step import Step, parse_steps

__all__ = ["PreparedData", "prepare"]


@dataclasses.dataclass(frozen=True, eq=False)
class PreparedData:
    """Inputs and targets as a network sees them, with everything that was found out about them.

    Args:
        x: the inputs behind all steps.
        y: the training targets, one column per output.
        code: how labels became targets, and how outputs become labels.
        checks: what the theory asks of the data.
        facts: name -> number or short text.
        description: what was done, in words.
        labels: the labels or targets as they came.
        rows: the row number of each example in the source.
        steps: the preprocessing, fitted on these data.
    """

    x: Float64[np.ndarray, "n ..."]
    y: Float64[np.ndarray, "n k"]
    code: LabelCode
    checks: tuple[Check, ...]
    facts: dict[str, float | int | str]
    description: str
    labels: Shaped[np.ndarray, "n ..."]
    rows: Int64[np.ndarray, " n"]
    steps: tuple[Step, ...]

    @property
    def vectors(self) -> Float64[np.ndarray, "n d"]:
        """The inputs with every example flattened to a vector."""
        return self.x.reshape(len(self.x), -1)

    def transform(self, x: Float64[np.ndarray, "m ..."]) -> Float64[np.ndarray, "m ..."]:
        """Apply the same steps to other inputs, with the statistics of these data.

        Raises:
            InvalidInputError: a step is not defined for some row.
        """
        for step in self.steps:
            x = step.apply(x)
        return x


def prepare(
    dataset: Dataset,
    steps: Sequence[str | Step] | str = ("centre", "unit_norm"),
    *,
    classes: Sequence[Any] | None = None,
    samples: int | None = None,
    samples_per_class: int | None = None,
    labels: str = "auto",
    noise: float = 0.0,
    seed: int = 0,
    shuffle: bool = False,
) -> PreparedData:
    """Select, preprocess, perturb, encode, diagnose: in this order.

    Args:
        dataset: the raw data.
        steps: names from the catalogue `STEPS`, in the order of application. A mean or a range is
            that of the selected rows.
        classes: the classes to keep, in this order; all by default.
        samples: how many examples to keep: the first ones in the order of the source.
        samples_per_class: how many of every class; excludes `samples`.
        labels: a name from the catalogue `CODINGS`, or "auto".
        noise: relative length of the random vector added to every row behind the steps (see
            `perturb`), to break duplicates.
        seed: of the noise, and of the permutation if there is one.
        shuffle: permute the rows before the first ones are kept.

    Returns:
        Inputs and targets in float64, with the row numbers of the source in all notes.

    Raises:
        UnknownNameError: no such step, class or coding.
        InvalidInputError: the selection is empty or has one class, a step is not defined for a
            row, or a row is zero or not finite behind the steps; the message names the rows.

    Example:
        >>> from surefit.data import load, prepare
        >>> data = prepare(load("digits"), classes=(0, 1), samples=300)
        >>> data.x.shape, data.y.shape, data.code.describe()
        ((300, 64), (300, 1), '0 -> -1, 1 -> +1')
    """
    chosen = select(
        dataset,
        classes,
        samples=samples,
        samples_per_class=samples_per_class,
        shuffle=shuffle,
        seed=seed,
    )
    x, fitted = chosen.x, []
    try:
        for step in parse_steps(steps):
            fitted.append(step.fit(x))
            x = fitted[-1].apply(x)
    except RowsError as error:
        # Steps count the rows that they see; the reader knows those of the source.
        raise error.renumbered(chosen.rows) from None
    x = np.ascontiguousarray(perturb(x, noise, seed))
    code = label_code(labels, chosen)
    y = code.encode(chosen.y)
    checks, facts = diagnose(x, chosen.y, chosen.task, chosen.rows)
    return PreparedData(
        x=x,
        y=y,
        code=code,
        checks=checks,
        facts={**facts, "outputs": y.shape[1]},
        description=_describe(
            dataset, chosen, fitted, code, noise=noise, seed=seed, shuffle=shuffle
        ),
        labels=chosen.y,
        rows=chosen.rows,
        steps=tuple(fitted),
    )


def _describe(
    dataset: Dataset,
    chosen: Dataset,
    steps: list[Step],
    code: LabelCode,
    *,
    noise: float,
    seed: int,
    shuffle: bool,
) -> str:
    order = f"shuffled with seed {seed}" if shuffle else "in the order of the source"
    kept = (
        ""
        if chosen.classes == dataset.classes
        else f", classes {', '.join(map(str, chosen.classes))}"
    )
    names = ", ".join(
        type(step).__dict__.get("name", snake_case(type(step).__name__)) for step in steps
    )
    parts = [
        f"{dataset.name} ({dataset.source}): {len(chosen)} of {len(dataset)} rows {order}{kept}",
        f"steps: {names or 'none'}",
        *([f"noise: relative length {noise:g}, seed {seed}"] if noise else []),
        f"labels: {code.describe()}",
    ]
    return "; ".join(parts)
