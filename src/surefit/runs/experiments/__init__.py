"""What experiments are asked to do; the catalogue by name."""

from surefit.runs.experiments.gao2022 import Gao2022Spec
from surefit.runs.experiments.spec import ExperimentSpec

__all__ = ["EXPERIMENT_SPECS", "ExperimentSpec", "Gao2022Spec"]

EXPERIMENT_SPECS: dict[str, type[ExperimentSpec]] = {Gao2022Spec.experiment: Gao2022Spec}
