"""Experiments of the papers, one file each: `run("gao2022", ...)`."""

from surefit.workflows.experiments.experiment import EXPERIMENTS, Experiment
from surefit.workflows.experiments.running import FinishedExperiment, run

__all__ = ["EXPERIMENTS", "Experiment", "FinishedExperiment", "run"]
