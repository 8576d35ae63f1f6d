"""The fields of the study of the laws in the width behind Allen-Zhu, Li and Song (2019)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BeforeValidator

from surefit.runs.experiments.spec import ExperimentSpec
from surefit.runs.options import AtLeastOne, AtLeastTwo, Classes, Seed, option

__all__ = ["AllenZhu2019WidthSpec"]


def _increasing(widths: tuple[int, ...]) -> tuple[int, ...]:
    if len(widths) < 3 or list(widths) != sorted(set(widths)):
        raise ValueError("not increasing")
    return widths


def _sequence(value: Any) -> Any:
    if isinstance(value, str | set | frozenset):
        raise ValueError("the order matters")
    return value


Widths = Annotated[tuple[AtLeastTwo, ...], BeforeValidator(_sequence), AfterValidator(_increasing)]


class AllenZhu2019WidthSpec(ExperimentSpec):
    """What `surefit experiment allen_zhu2019_width` is to do."""

    experiment: ClassVar[str] = "allen_zhu2019_width"
    paper: ClassVar[str] = (
        "Allen-Zhu, Li, Song (2019), arXiv 1811.03962, Theorems 1 and 5: the kernel at the start "
        "and the movement of the weights as powers of the width"
    )

    widths: Widths = option(
        (128, 256, 512, 1024, 2048, 4096),
        "The widths m, in increasing order. The slopes come from all of them.",
        "list three or more whole numbers of at least 2 in increasing order",
        "[64, 128, 256]",
    )
    repeats: AtLeastOne = option(
        12,
        "Draws of the weights per width. The kernel at the start scatters by about 40 % from draw "
        "to draw, and the slope with it.",
        "be a whole number of at least 1",
        "12",
    )
    samples: AtLeastTwo = option(
        50,
        "Samples of the digits of scikit-learn, chosen at random among the two classes.",
        "be a whole number of at least 2",
        "50",
    )
    classes: Classes = option(
        (0, 1),
        "The two classes, coded as -1 and +1.",
        "list two different class labels",
        "[0, 1]",
    )
    depth: AtLeastOne = option(
        2,
        "The number of trained matrices L.",
        "be a whole number of at least 1",
        "2",
    )
    steps: AtLeastOne = option(
        10,
        "The kernel time T: so many steps of size 1 / lambda_max of the Gram matrix of the draw "
        "itself. The step from the limit of infinite width overshoots at small widths.",
        "be a whole number of at least 1",
        "10",
    )
    seed: Seed = option(
        0,
        "The seed of the choice of samples; the draws of the weights count from it.",
        "be a whole number from 0 to 4294967295",
        "0",
    )

    @property
    def label(self) -> str:
        """Depth and samples."""
        return f"L{self.depth}-n{self.samples}-s{self.seed}"
