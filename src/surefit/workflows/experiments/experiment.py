"""The extension point of experiments: a paper's figure as one call."""

from __future__ import annotations

import abc
from typing import ClassVar

from surefit.core.catalogue import Catalogue
from surefit.core.experiment import ExperimentRecord
from surefit.runs import Workspace
from surefit.runs.experiments import ExperimentSpec
from surefit.workflows.listener import Listener

__all__ = ["EXPERIMENTS", "Experiment"]


class Experiment(abc.ABC):
    """A paper's experiment.

    To add one, write its fields as a subclass of `ExperimentSpec` in a new file of
    `surefit/runs/experiments/`, and a subclass of this class in a new file of
    `surefit/workflows/experiments/`. Its command is made from the fields.

    Attributes:
        name: the name of the command; that of the spec.
        spec: the class of its fields.
    """

    name: ClassVar[str]
    spec: ClassVar[type[ExperimentSpec]]

    def require(self, spec: ExperimentSpec) -> None:
        """Refuse what cannot be done, before any work and before the store is touched.

        Here everything can be done that the spec allows. It is quick: data are read, names are
        looked up, nothing is trained.

        Raises:
            InvalidInputError: the data or a name in the spec is not usable.
        """
        del spec  # all are fine

    @abc.abstractmethod
    def run(
        self, spec: ExperimentSpec, workspace: Workspace, listener: Listener
    ) -> ExperimentRecord | None:
        """Do it; None if it was interrupted.

        What is kept in `workspace.scratch` is there again when the same experiment is run again:
        an interrupted one goes on where it was.
        """


EXPERIMENTS: Catalogue[Experiment] = Catalogue(
    "experiment", Experiment, "surefit.workflows.experiments"
)
