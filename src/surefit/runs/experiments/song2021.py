"""The fields of the teacher-student experiment of Song et al. (2021)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, model_validator

from surefit.runs.experiments.image_spec import ImageExperimentSpec
from surefit.runs.options import AtLeastOne, AtLeastTwo, Name, Positive, Seed, Switch, option

__all__ = ["Song2021Spec"]


def _increasing(values: tuple[float, ...]) -> tuple[float, ...]:
    if len(values) < 2 or list(values) != sorted(set(values)):
        raise ValueError("not increasing")
    return values


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


Ratios = Annotated[tuple[Positive, ...], BeforeValidator(_sequence), AfterValidator(_increasing)]
LossName = Literal["cross_entropy", "mean_squared"]
Losses = Annotated[
    tuple[LossName, ...],
    BeforeValidator(_sequence),
    AfterValidator(lambda names: tuple(sorted(set(names)))),
]

_DIGITS: dict[str, Any] = {"width": 512, "samples": 1000, "epochs": 150, "step_size": 0.05}
# A tenth of the paper's samples and a fifth of its epochs: minutes on two processors.
_MNIST: dict[str, Any] = {"width": 1000, "samples": 6000, "epochs": 60, "step_size": 0.01}


class Song2021Spec(ImageExperimentSpec):
    """What `surefit experiment song2021` is to do."""

    experiment: ClassVar[str] = "song2021"
    paper: ClassVar[str] = (
        "Song, Ramezani-Kebrya, Pethick, Eftekhari, Cevher (2021), arXiv 2111.01875, experiment: "
        "students of a teacher network, from lazy to not lazy starts of the same product of scales"
    )
    data_dir: Name | None = option(
        None,
        "A directory with the IDX files of MNIST (train-images-idx3-ubyte, t10k-images-idx3-ubyte "
        "and their labels; compressed or not). Unset: the digits of scikit-learn.",
        "be the name of a directory",
        '"data"',
    )
    ratios: Ratios = option(
        (0.0625, 0.25, 0.5, 1.0, 2.0, 4.0),
        "omega_2 over that of He's start, in increasing order; omega_1 is divided by the same "
        "number. The paper has ten values from 0.045 to 1.75.",
        "list two or more positive numbers in increasing order",
        "[0.25, 1.0]",
    )
    losses: Losses = option(
        ("cross_entropy", "mean_squared"),
        "What students are trained on: `cross_entropy`, as the stored arguments of the released "
        "runs say, `mean_squared`, as the paper says, or both.",
        "list `cross_entropy`, `mean_squared` or both",
        '["cross_entropy"]',
    )
    width: AtLeastOne | None = option(
        None,
        "The width of teacher and students. Unset: 512 on digits, 1000 on MNIST, as in the paper.",
        "be a whole number of at least 1",
        "512",
    )
    samples: AtLeastTwo | None = option(
        None,
        "Random training samples; as many others, as far as there are, are the test samples. "
        "Unset: 1000 on digits, 6000 on MNIST (the paper: all 60 000).",
        "be a whole number of at least 2",
        "1000",
    )
    epochs: AtLeastOne | None = option(
        None,
        "Passes over the training samples, of teacher and students. Unset: 150 on digits, 60 on "
        "MNIST (the paper: 300).",
        "be a whole number of at least 1",
        "150",
    )
    batch_size: AtLeastOne = option(
        128,
        "Samples per step; at most all of them.",
        "be a whole number of at least 1",
        "128",
    )
    step_size: Positive | None = option(
        None,
        "The step size with cross-entropy, the same for all starts. Unset: 0.05 on digits, 0.01 on "
        "MNIST, as in the paper. With mean squares each start has its own, the inverse of the "
        "largest curvature of the loss there: a common one diverges at small omega_2.",
        "be a finite number above 0",
        "0.05",
    )
    teacher_activation: Name = option(
        "relu",
        "The activation of the teacher when it labels. The paper's teacher is a ReLU network; the "
        "released script trains it as one and labels with it as a `gelu` network.",
        "be the name of an activation",
        '"relu"',
    )
    biases: Switch = option(
        False,
        "Biases in both layers, as in the released script, with the variance of PyTorch's default. "
        "The network of the paper has none.",
        "be true or false",
        "false",
    )
    repeats: AtLeastOne = option(
        2,
        "Students per start and loss, each with weights and batches of its own. The paper: 5.",
        "be a whole number of at least 1",
        "2",
    )
    seed: Seed = option(
        0,
        "The seed of the choice of samples, of the teacher, and of the students.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    @model_validator(mode="after")
    def _fill(self) -> Song2021Spec:
        self._complete(_DIGITS, _MNIST)
        return self
