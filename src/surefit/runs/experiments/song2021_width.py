"""The fields of the experiment on the width that the theorem of Song et al. (2021) asks for."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator

from surefit.runs.experiments.spec import ExperimentSpec
from surefit.runs.options import AtLeastOne, AtLeastTwo, Name, Positive, Seed, option

__all__ = ["Song2021WidthSpec"]


def _increasing(sizes: tuple[int, ...]) -> tuple[int, ...]:
    if len(sizes) < 3 or list(sizes) != sorted(set(sizes)):
        raise ValueError("not increasing")
    return sizes


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


Sizes = Annotated[tuple[AtLeastTwo, ...], BeforeValidator(_sequence), AfterValidator(_increasing)]


class Song2021WidthSpec(ExperimentSpec):
    """What `surefit experiment song2021-width` is to do."""

    experiment: ClassVar[str] = "song2021-width"
    paper: ClassVar[str] = (
        "Song, Ramezani-Kebrya, Pethick, Eftekhari, Cevher (2021), arXiv 2111.01875, Theorem 3 and "
        "equation (21): subquadratically many parameters suffice"
    )

    inputs: Sizes = option(
        (16, 20, 24, 28, 32, 36, 40),
        "The numbers of inputs d_0, in increasing order; with each, n = density * d_0^2 samples.",
        "list three or more whole numbers of at least 2 in increasing order",
        "[16, 24, 32]",
    )
    density: Positive = option(
        1.0 / 3.0,
        "Samples per squared number of inputs. Below 1/2 the products of two inputs are more than "
        "the samples, as the theorem with t = 2 asks.",
        "be a finite number above 0",
        "0.3333333333333333",
    )
    activation: Name = option(
        "gelu",
        "The activation of the network.",
        "be the name of an activation",
        '"gelu"',
    )
    init: Name = option(
        "song",
        "The start: `song`, `he`, `lecun` or `ntk` (omega_1 = 1, omega_2 = 1 / sqrt(d_1)). Only "
        "`song` keeps omega_1 = 1 and the outputs at the start bounded, which the order of the "
        "paper rests on.",
        "be the name of a start",
        '"song"',
    )
    repeats: AtLeastOne = option(
        3,
        "Draws of the inputs, uniform on the sphere, per size.",
        "be a whole number of at least 1",
        "3",
    )
    seed: Seed = option(
        0,
        "The seed of the inputs.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    @property
    def label(self) -> str:
        """Activation and start."""
        return f"{self.activation}-{self.init}-s{self.seed}"
