"""The fields of the landscape experiment of Allen-Zhu, Li and Song (2019)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from surefit.errors import InvalidInputError
from surefit.runs.experiments.image_spec import ImageExperimentSpec
from surefit.runs.options import (
    AtLeastOne,
    AtLeastTwo,
    Name,
    NotNegative,
    Seed,
    StepSize,
    option,
)

__all__ = ["AllenZhu2019LandscapeSpec"]


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


def _increasing(epochs: tuple[int, ...]) -> tuple[int, ...]:
    if len(epochs) < 1 or list(epochs) != sorted(set(epochs)):
        raise ValueError("not increasing")
    return epochs


Epochs = Annotated[
    tuple[Annotated[int, Field(ge=0)], ...],
    BeforeValidator(_sequence),
    AfterValidator(_increasing),
]

_DIGITS: dict[str, Any] = {"samples": 300, "width": 128}
_MNIST: dict[str, Any] = {"samples": 1000, "width": 256}


class AllenZhu2019LandscapeSpec(ImageExperimentSpec):
    """What `surefit experiment allen_zhu2019_landscape` is to do."""

    experiment: ClassVar[str] = "allen_zhu2019_landscape"
    paper: ClassVar[str] = (
        "Allen-Zhu, Li, Song (2019), arXiv 1811.03962, Figure 1: the objective around iterates of "
        "SGD over the gradient and the most negative curvature; the gradient direction suffices"
    )
    data_dir: Name | None = option(
        None,
        "A directory with the IDX files of MNIST (train-images-idx3-ubyte or "
        "t10k-images-idx3-ubyte and the labels; compressed or not). Unset: the digits of "
        "scikit-learn.",
        "be the name of a directory",
        '"data"',
    )
    network: Literal["fully_connected", "residual"] = option(
        "fully_connected",
        "The deep ReLU network of the paper: `fully_connected`, or `residual` with its scale "
        "1/(L log m) of the branches.",
        "be `fully_connected` or `residual`",
        '"fully_connected"',
    )
    width: AtLeastTwo | None = option(
        None,
        "The width m. Unset: 128 on digits, 256 on MNIST.",
        "be a whole number of at least 2",
        "128",
    )
    depth: AtLeastOne = option(
        3,
        "The number L of trained layers.",
        "be a whole number of at least 1",
        "3",
    )
    samples: AtLeastTwo | None = option(
        None,
        "Random samples to train on. Unset: 300 on digits, 1000 on MNIST.",
        "be a whole number of at least 2",
        "300",
    )
    loss: Literal["half_squared", "mean_cross_entropy"] = option(
        "half_squared",
        "The objective: `half_squared`, that of the theorems, or `mean_cross_entropy`, that of the "
        "figure.",
        "be `half_squared` or `mean_cross_entropy`",
        '"half_squared"',
    )
    epochs: Epochs = option(
        (0, 1, 5, 20, 60),
        "After which passes over the samples to draw a surface; 0: at the start. The paper draws "
        "at 5, 40, 90, 120, 130 and 160.",
        "list whole numbers of at least 0 in increasing order",
        "[0, 5, 20]",
    )
    batch_size: AtLeastOne = option(
        32,
        "Samples per step; at most all of them.",
        "be a whole number of at least 1",
        "32",
    )
    step_size: StepSize = option(
        "auto",
        "The step size. `auto`: from the largest eigenvalue of the Gram matrix at the start, where "
        "no batch leads away from a solution of the linearised problem.",
        'be a finite number above 0, or "auto"',
        '"auto"',
    )
    smoothing: NotNegative = option(
        0.1,
        "The width over which the kink of every rectifier is rounded for the Hessian, relative to "
        "the size of its inputs. 0: the pointwise Hessian, which knows nothing of kinks. The paper "
        'says "after smoothing" without a number.',
        "be a finite number of at least 0",
        "0.1",
    )
    products: AtLeastOne = option(
        60,
        "At most so many products with the Hessian per surface, each about four gradients.",
        "be a whole number of at least 1",
        "60",
    )
    points: AtLeastOne = option(
        25,
        "Grid points per axis, an odd number.",
        "be an odd whole number of at least 3",
        "25",
    )
    seed: Seed = option(
        0,
        "The seed of the choice of samples, of the weights, and of the batches.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    @model_validator(mode="after")
    def _fill(self) -> AllenZhu2019LandscapeSpec:
        if self.points < 3 or self.points % 2 == 0:
            raise InvalidInputError(
                f"`{type(self).__name__}(points=...)` must be an odd number of at least 3. Got "
                f"{self.points}. The iterate is the middle of the grid. Write for example "
                f"`points = {max(self.points | 1, 3)}`."
            )
        self._complete(_DIGITS, _MNIST)
        return self

    @property
    def label(self) -> str:
        """Data and network."""
        return f"{self.content['data']}-{self.network}-{self.width}-s{self.seed}"
