"""The shell command of an experiment."""

from __future__ import annotations

from surefit.runs.experiments.spec import ExperimentSpec
from surefit.runs.shell import shell_command

__all__ = ["command"]


def command(spec: ExperimentSpec) -> str:
    """The shell command that makes this experiment; a directory is left for the reader to name."""
    chosen = {
        name: "DIR" if name in spec.private else getattr(spec, name)
        for name, field in type(spec).model_fields.items()
        if name in spec.model_fields_set and getattr(spec, name) != field.default
    }
    return shell_command(f"surefit experiment {spec.experiment}", chosen)
