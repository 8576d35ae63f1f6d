"""The shell command of an experiment."""

from __future__ import annotations

import shlex

from surefit.runs.experiments.spec import ExperimentSpec

__all__ = ["command"]


def command(spec: ExperimentSpec) -> str:
    """The shell command that makes this experiment; a directory is left for the reader to name."""
    words = [f"surefit experiment {spec.experiment}"]
    for name, field in type(spec).model_fields.items():
        value = getattr(spec, name)
        if value == field.default or name not in spec.model_fields_set:
            continue
        flag = "--" + name.replace("_", "-")
        if name in spec.private:
            words.append(f"{flag} DIR")
            continue
        values = value if isinstance(value, tuple) else (value,)
        words.append(" ".join([flag, *(shlex.quote(str(item)) for item in values)]))
    return " ".join(words)
