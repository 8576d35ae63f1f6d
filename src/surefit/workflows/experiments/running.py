"""Running an experiment: found again where it is finished, resumed where it was interrupted."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from surefit.core.experiment import ExperimentRecord
from surefit.runs import Store
from surefit.runs.experiments import ExperimentSpec
from surefit.workflows.experiments.experiment import EXPERIMENTS
from surefit.workflows.listener import Listener

__all__ = ["FinishedExperiment", "run"]


@dataclasses.dataclass(frozen=True)
class FinishedExperiment:
    """What an experiment leaves.

    Args:
        record: the experiment as plain data; None if it was interrupted.
        directory: where it is; for an interrupted one, its workspace.
        reused: whether it was finished before this call.
    """

    record: ExperimentRecord | None
    directory: Path
    reused: bool


def run(
    experiment: str | ExperimentSpec,
    out: Path | str = "runs",
    *,
    listener: Listener | None = None,
    writers: Sequence[Callable[[Path], Any]] = (),
    **fields: Any,
) -> FinishedExperiment:
    """Run the experiment of a paper.

    The directory appears in the store `out` whole or not at all. A finished experiment with equal
    fields is returned as it is; an interrupted one goes on where it was.

    Args:
        experiment: its name in `EXPERIMENTS` with `fields`, or its spec.
        out: the run store.
        listener: hears of progress.
        writers: each is called with the directory before it is published, for example
            `surefit.report.write_experiment`.
        **fields: the fields of its spec.

    Returns:
        The finished (or interrupted) experiment.

    Raises:
        UnknownNameError: no experiment has that name.
        InvalidInputError: a field has a value that it does not take, or the data do not suffice.
        MemoryLimitError: it would not fit into memory.
        StorageError: the store cannot be written.

    Example:
        >>> import tempfile
        >>> import surefit as sf
        >>> sizes = {"widths": (32, 64), "samples_per_class": 10, "epochs": 20}
        >>> with tempfile.TemporaryDirectory() as out:
        ...     done = sf.workflows.experiments.run("gao2022", out, **sizes)
        >>> [panel.name for panel in done.record.panels]
        ['train_loss', 'test_loss', 'operator_norm']
    """
    name = experiment if isinstance(experiment, str) else experiment.experiment
    kind = EXPERIMENTS[name]
    spec = kind.spec.parse(fields) if isinstance(experiment, str) else experiment
    listener = listener if listener is not None else Listener()
    store = Store(out)
    found = store.find(spec)
    if found is not None:
        return FinishedExperiment(ExperimentRecord.load(found), found, reused=True)
    kind().require(spec)
    with store.begin(spec) as workspace:
        record = kind().run(spec, workspace, listener)
        if record is None:
            return FinishedExperiment(None, workspace.path, reused=False)
        record.save(workspace.path)
        for write in writers:
            write(workspace.path)
        return FinishedExperiment(record, workspace.publish(), reused=False)
