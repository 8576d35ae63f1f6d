"""The extension point of theory: one theorem of one paper, as something that can be asked."""

from __future__ import annotations

import abc
import dataclasses
import math
from enum import StrEnum
from typing import ClassVar

from surefit.core.catalogue import snake_case
from surefit.core.check import Check
from surefit.core.curve import Curve
from surefit.core.layer import Params
from surefit.core.prediction import Guarantee, Prediction, Promise
from surefit.problem import Problem
from surefit.theory.setting import Setting

__all__ = ["Provenance", "Theorem"]


class Provenance(StrEnum):
    """Where the statement was taken from."""

    READ = "read in source"
    RESTATED = "read in a paper that restates it"
    RECALLED = "recalled, unconfirmed"


@dataclasses.dataclass(frozen=True)
class Theorem(abc.ABC):
    """One theorem of one paper.

    To add one, write a frozen dataclass in a new file of `surefit/theory/theorems/` with the class
    attributes below and the abstract methods. Its fields are what the user may choose (an accuracy)
    and the constants that the paper hides in O(.), each with the default 1 and its name in
    `unstated`. Whatever depends on such a constant carries its name, in every check, promise and
    width. The docstring has the sections Setting, Algorithm, Assumptions, Guarantee, Constants,
    Deviations from the paper, References.

    Attributes:
        title: authors, year and the name of the statement.
        locator: where in the paper.
        citation: BibTeX entry.
        url: where to read it.
        setting: one sentence: what networks and dynamics it is about.
        guarantee: whether its curve of the squared residual is an upper bound or tight.
        dynamics: catalogue name of the training method it is about.
        provenance: where the statement was taken from.
        reproved: whether the docstring proves the statement again, constants included.
        contradiction: for a statement that contradicts itself, the name of the check of it, which
            fails wherever the other assumptions hold.
        unstated: names of the fields that stand for constants that the paper does not state.
    """

    title: ClassVar[str]
    locator: ClassVar[str]
    citation: ClassVar[str]
    url: ClassVar[str]
    setting: ClassVar[str]
    guarantee: ClassVar[Guarantee]
    dynamics: ClassVar[str] = "gradient_descent"
    provenance: ClassVar[Provenance]
    reproved: ClassVar[bool] = False
    contradiction: ClassVar[str] = ""
    unstated: ClassVar[tuple[str, ...]] = ()

    @property
    def catalogue_name(self) -> str:
        """The name in the catalogue, the file name of the theorem."""
        return type(self).__dict__.get("name") or snake_case(type(self).__name__)

    @abc.abstractmethod
    def assumptions(self, setting: Setting) -> tuple[Check, ...]:
        """The hypotheses, checked; one that a number cannot decide stays undecided."""

    @abc.abstractmethod
    def predict(self, setting: Setting) -> Prediction:
        """What the theorem says here; promises only where its formulas have a value."""

    @abc.abstractmethod
    def required_width(self, setting: Setting) -> float | None:
        """The width that it asks for; infinite where none suffices, None where it asks nothing."""

    @abc.abstractmethod
    def example(self) -> tuple[Problem, Params, float]:
        """(problem, parameters, step size): the smallest case that satisfies it.

        Where constants are unstated, no computable case can be known to satisfy the theorem; then
        every assumption that can be decided holds. For a theorem about gradient flow the step is
        the unit in which time is reported.
        """

    def example_setting(self) -> Setting:
        """The example, under the dynamics of the theorem."""
        return Setting(*self.example(), dynamics=self.dynamics)

    def _prediction(
        self,
        setting: Setting,
        promises: tuple[Promise, ...] = (),
        rate: float | None = None,
        step_size: float | None = None,
        radius: float | None = None,
        note: str = "",
    ) -> Prediction:
        """A prediction with the parts that are the same for every theorem.

        Promises and numbers that are NaN are left out: there the formulas have no value, as the
        step of a loss that is no multiple of the square has none.
        """
        origin = ""
        if self.provenance is not Provenance.READ:
            again = "; proved again in the documentation of the theorem" if self.reproved else ""
            origin = f"Statement {self.provenance}{again}."
        return Prediction(
            theorem=self.catalogue_name,
            assumptions=self.assumptions(setting),
            promises=tuple(promise for promise in promises if _has_value(promise.bound)),
            rate=_number(rate),
            step_size=_number(step_size),
            width=self.required_width(setting),
            radius=_number(radius),
            unstated={name: float(getattr(self, name)) for name in self.unstated},
            note=" ".join(filter(None, (note, origin))),
        )


def _number(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else value


def _has_value(bound: float | Curve) -> bool:
    numbers = (*bound.weights, *bound.factors) if isinstance(bound, Curve) else (bound,)
    return not any(map(math.isnan, numbers))
