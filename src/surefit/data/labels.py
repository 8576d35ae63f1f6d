"""The extension point of label codings: classes to vectors, scores back to classes."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.core.catalogue import Catalogue
from surefit.data.dataset import Dataset
from surefit.errors import InvalidInputError, UnknownNameError

__all__ = ["CODINGS", "ClassCode", "LabelCode", "label_code"]


class LabelCode(abc.ABC):
    """How labels become the numbers that a network is trained on, and how scores are read.

    To add one, write a frozen dataclass in a new file of `surefit/data/codings/`: a subclass of
    `ClassCode` with a `table` for classes, or of `LabelCode` for targets of a regression. Its name
    in the catalogue is the snake case of the class name.
    """

    task: ClassVar[str]

    @classmethod
    @abc.abstractmethod
    def fit(cls, dataset: Dataset) -> LabelCode:
        """The coding for this data set.

        Raises:
            InvalidInputError: the data set is of another task, or has a wrong number of classes.
        """

    @abc.abstractmethod
    def encode(self, y: Shaped[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n k"]:
        """Labels or targets to training targets."""

    @abc.abstractmethod
    def decode(self, scores: Float64[np.ndarray, "n ..."]) -> Shaped[np.ndarray, "n ..."]:
        """Outputs of the network, shape (n, k) or (n,), to labels or targets."""

    @abc.abstractmethod
    def describe(self) -> str:
        """The coding in words, for a report."""

    def accuracy(
        self, scores: Float64[np.ndarray, "n ..."], y: Shaped[np.ndarray, "n ..."]
    ) -> float:
        """The fraction of rows whose decoded label is the given one.

        Raises:
            InvalidInputError: the coding is one for regression.
        """
        if self.task != "classification":
            raise InvalidInputError(
                "`LabelCode.accuracy` must be asked of a classification. Got a coding for "
                "regression. Predicted numbers are not right or wrong. Use the loss instead."
            )
        return float(np.mean(self.decode(scores) == y))

    @classmethod
    def refuse_other_task(cls, dataset: Dataset) -> None:
        """Raise unless the data set is of the task of this coding.

        Raises:
            InvalidInputError: it is not.
        """
        if dataset.task != cls.task:
            raise InvalidInputError(
                f"The label coding of {dataset.name} must be one for {dataset.task}. Got one for "
                f"{cls.task}. Choose one for {dataset.task}: "
                f"{', '.join(_names_for(dataset.task))}; or 'auto'."
            )


@dataclasses.dataclass(frozen=True, eq=False)
class ClassCode(LabelCode):
    r"""A coding given by one codeword $c_a$ per class $a$.

    Scores are read as the nearest codeword, $\arg\min_a \lVert s - c_a\rVert =
    \arg\max_a \{\langle s, c_a\rangle - \tfrac12\lVert c_a\rVert^2\}$; at equal distance the
    first class wins. For one-hot codewords this is the largest score.

    Args:
        classes: the classes, in the order of the rows of `codewords`.
        codewords: one row per class.
    """

    classes: tuple[Any, ...]
    codewords: Float64[np.ndarray, "c k"]

    task: ClassVar[str] = "classification"

    @staticmethod
    @abc.abstractmethod
    def table(classes: int) -> Float64[np.ndarray, "c k"]:
        """One codeword per class.

        Raises:
            InvalidInputError: there is no such coding for that number of classes.
        """

    @classmethod
    def fit(cls, dataset: Dataset) -> ClassCode:
        """The codewords for the classes of `dataset`, in its order."""
        cls.refuse_other_task(dataset)
        return cls(dataset.classes, cls.table(len(dataset.classes)))

    def encode(self, y: Shaped[np.ndarray, " n"]) -> Float64[np.ndarray, "n k"]:
        """The codeword of every label.

        Raises:
            InvalidInputError: a label is none of the classes.
        """
        place = {label: index for index, label in enumerate(self.classes)}
        unknown = [label for label in np.unique(y).tolist() if label not in place]
        if unknown:
            raise InvalidInputError(
                f"`LabelCode.encode(y=...)` must be given labels among {self.classes}. Got "
                f"{unknown[:5]}. The coding has no codeword for another class. Prepare the data "
                "again with that class among them."
            )
        return self.codewords[[place[label] for label in y.tolist()]]

    def decode(self, scores: Float64[np.ndarray, "n ..."]) -> Shaped[np.ndarray, " n"]:
        """The class with the nearest codeword, row by row."""
        scores = scores.reshape(len(scores), -1)
        half = 0.5 * np.sum(self.codewords**2, axis=1)
        nearest = np.argmax(scores @ self.codewords.T - half[None, :], axis=1)
        return np.asarray(self.classes)[nearest]

    def describe(self) -> str:
        """Every class and its codeword, or the rule where there are many classes."""
        if self.codewords.shape[1] > 1:
            return f"{len(self.classes)} classes, one output each"
        pairs = zip(self.classes, self.codewords[:, 0], strict=True)
        return ", ".join(f"{label} -> {value:+g}" for label, value in pairs)

    @staticmethod
    def refuse_many(name: str, classes: int) -> None:
        """Raise unless there are exactly two classes.

        Raises:
            InvalidInputError: there are more, or one.
        """
        if classes != 2:
            raise InvalidInputError(
                f"The label coding {name!r} must be used with exactly two classes. Got {classes}. "
                "One output cannot tell more than two classes apart. Select two classes, or use "
                "'centred_one_hot'."
            )


CODINGS: Catalogue[LabelCode] = Catalogue("label coding", LabelCode, "surefit.data.codings")


def _names_for(task: str) -> list[str]:
    return [name for name, code in CODINGS.entries().items() if code.task == task]


def label_code(name: str, dataset: Dataset) -> LabelCode:
    """The label coding of that name for a data set.

    Args:
        name: a name of the catalogue `CODINGS`, or "auto": `plus_minus_one` for two classes,
            `centred_one_hot` for more, `raw` for a regression.
        dataset: the selected data.

    Raises:
        UnknownNameError: no such coding; the message suggests the nearest.
        InvalidInputError: the coding does not fit the task or the number of classes.
    """
    if name == "auto":
        two = "plus_minus_one" if len(dataset.classes) <= 2 else "centred_one_hot"
        name = "raw" if dataset.task == "regression" else two
    if name not in CODINGS:
        raise UnknownNameError(CODINGS.kind, name, [*CODINGS.names(), "auto"])
    return CODINGS[name].fit(dataset)
