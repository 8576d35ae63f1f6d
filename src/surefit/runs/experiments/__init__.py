"""What experiments are asked to do; the catalogue by name."""

from surefit.runs.experiments.gao2022 import Gao2022Spec
from surefit.runs.experiments.landscape import AllenZhu2019LandscapeSpec
from surefit.runs.experiments.song2021 import Song2021Spec
from surefit.runs.experiments.song2021_width import Song2021WidthSpec
from surefit.runs.experiments.spec import ExperimentSpec
from surefit.runs.experiments.width_study import AllenZhu2019WidthSpec

__all__ = [
    "EXPERIMENT_SPECS",
    "AllenZhu2019LandscapeSpec",
    "AllenZhu2019WidthSpec",
    "ExperimentSpec",
    "Gao2022Spec",
    "Song2021Spec",
    "Song2021WidthSpec",
]

EXPERIMENT_SPECS: dict[str, type[ExperimentSpec]] = {
    spec.experiment: spec
    for spec in (
        Gao2022Spec,
        Song2021Spec,
        Song2021WidthSpec,
        AllenZhu2019WidthSpec,
        AllenZhu2019LandscapeSpec,
    )
}
