"""The fields of the experiment of Gao et al. (2022)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator, model_validator

from surefit.errors import InvalidInputError
from surefit.runs.experiments.image_spec import ImageExperimentSpec
from surefit.runs.options import (
    AtLeastOne,
    Classes,
    Name,
    NotNegative,
    Positive,
    Seed,
    StepSize,
    Switch,
    option,
)

__all__ = ["Gao2022Spec"]


def _increasing(widths: tuple[int, ...]) -> tuple[int, ...]:
    if len(widths) < 1 or list(widths) != sorted(set(widths)):
        raise ValueError("not increasing")
    return widths


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


Widths = Annotated[tuple[AtLeastOne, ...], BeforeValidator(_sequence), AfterValidator(_increasing)]

# The paper's sizes with its data; sizes that take minutes on two processors with digits.
_MNIST: dict[str, Any] = {
    "widths": (500, 1000, 2000, 4000),
    "samples_per_class": 500,
    "epochs": 1000,
}
_DIGITS: dict[str, Any] = {"widths": (125, 250, 500, 1000), "samples_per_class": 120, "epochs": 300}


class Gao2022Spec(ImageExperimentSpec):
    """What `surefit experiment gao2022` is to do."""

    experiment: ClassVar[str] = "gao2022"
    paper: ClassVar[str] = (
        "Gao, Liu, Liu, Rajan, Gao (2022), arXiv 2110.05645, Figure 1: wider implicit networks "
        "train faster, and the operator norm of their weights stays where it was"
    )
    data_dir: Name | None = option(
        None,
        "A directory with the IDX files of MNIST (t10k-images-idx3-ubyte and its labels, and "
        "train-images-idx3-ubyte if it is there; compressed or not). Unset: the digits of "
        "scikit-learn, with smaller sizes.",
        "be the name of a directory",
        '"data"',
    )
    classes: Classes = option(
        (0, 1),
        "The two classes; the first is coded as 0 (or -1).",
        "list two different class labels",
        "[0, 1]",
    )
    widths: Widths | None = option(
        None,
        "The widths, in increasing order. Unset: 500 1000 2000 4000 on MNIST, as in the paper "
        "(hours on two processors), and 125 250 500 1000 on digits (minutes).",
        "list whole numbers of at least 1 in increasing order",
        "[64, 128]",
    )
    samples_per_class: AtLeastOne | None = option(
        None,
        "Random training samples of each class; as many others, as far as there are, are the test "
        "samples. Unset: 500 on MNIST, 120 on digits.",
        "be a whole number of at least 1",
        "120",
    )
    epochs: AtLeastOne | None = option(
        None,
        "Steps of full-batch gradient descent. Unset: 1000 on MNIST, 300 on digits.",
        "be a whole number of at least 1",
        "300",
    )
    gamma: Positive = option(
        0.1,
        "The size of the weights inside the equilibrium; their operator norm is about 2 gamma. The "
        "paper does not state it; 0.1 is read off its figure.",
        "be a finite number above 0",
        "0.1",
    )
    step_size: StepSize = option(
        "auto",
        "The step size, the same for all widths. `auto`: for each width the inverse of the largest "
        "eigenvalue of its Gram matrix at the start. The paper does not state it.",
        'be a finite number above 0, or "auto"',
        '"auto"',
    )
    labels: Name = option(
        "zero_one",
        "The coding of the labels, `zero_one` or `plus_minus_one`. The paper does not state it; "
        "the level of its curves suggests 0 and 1.",
        "be the name of a label coding",
        '"zero_one"',
    )
    noise: NotNegative = option(
        0.0,
        "Relative length of a random vector added to every training sample, which separates "
        "parallel ones. The paper adds noise to one of two parallel samples.",
        "be a finite number of at least 0",
        "0.001",
    )
    tolerance: Positive = option(
        1e-8,
        "The relative residual at which an equilibrium counts as found. The paper does not state "
        "it.",
        "be a finite number above 0",
        "1e-08",
    )
    zero_start: Switch = option(
        True,
        "Subtract the initial output, so that every width starts at output 0. The paper starts at "
        "a random output of size 1 (Assumption 1); its slow part, another one for every seed and "
        "width, hides the order of the curves for thousands of epochs. `--no-zero-start` for the "
        "paper's start.",
        "be true or false",
        "true",
    )
    seed: Seed = option(
        0,
        "The seed of the choice of samples, of the noise, and of the weights of every width.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    @model_validator(mode="after")
    def _fill(self) -> Gao2022Spec:
        if len(self.classes) != 2:
            raise InvalidInputError(
                f"`Gao2022Spec(classes=...)` must be two classes. Got {list(self.classes)}. The "
                "network has one output. Write for example `classes = [0, 1]`."
            )
        if self.tolerance >= 1.0:
            raise InvalidInputError(
                f"`Gao2022Spec(tolerance=...)` must be below 1. Got {self.tolerance:g}. It bounds "
                "a relative residual. Write for example `tolerance = 1e-08`."
            )
        self._complete(_DIGITS, _MNIST)
        return self
