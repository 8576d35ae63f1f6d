"""The validated description of an experiment."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import ConfigDict

from surefit.runs.identity import canonical_text, digest
from surefit.runs.worded import Worded

__all__ = ["ExperimentSpec"]


class ExperimentSpec(Worded):
    """The validated description of an experiment.

    A subclass has the experiment's fields, which are the options of its command, and the name of
    the experiment. What is not set and depends on other fields is filled in when the spec is made,
    so that the canonical form says everything.

    Attributes:
        experiment: the name in the catalogue.
        paper: what the experiment is from, in a few words.
        private: fields that do not enter the identity (directories).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    experiment: ClassVar[str]
    paper: ClassVar[str]
    private: ClassVar[frozenset[str]] = frozenset()

    @property
    def content(self) -> dict[str, Any]:
        """What else decides the result: hashes of data files, say."""
        return {}

    @property
    def label(self) -> str:
        """A word for the run id."""
        return "run"

    def canonical(self) -> dict[str, Any]:
        """The experiment as plain data; what its directory holds as `spec.json`."""
        fields = self.model_dump(mode="json", exclude=set(self.private))
        own = {"experiment": self.experiment, "schema": f"{self.experiment}/1"}
        return {**fields, **self.content, **own}

    def canonical_json(self) -> str:
        """One line of JSON, equal exactly for specs that describe the same experiment."""
        return canonical_text(self.canonical())

    @property
    def run_id(self) -> str:
        """The name of its directory: a readable prefix and the hash of the canonical JSON."""
        return f"{self.experiment}-{self.label}-{digest(self.canonical())}"
