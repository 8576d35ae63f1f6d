"""The journey of `surefit kernel`: from data to spectra, predicted curves and accuracies."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from surefit.core.kernel_record import KernelRecord
from surefit.core.layer import Layer
from surefit.core.memory import require_bytes
from surefit.function_space import FunctionSpace, at_infinite_width
from surefit.runs import Store, environment_facts
from surefit.runs.kernel_spec import KernelSpec
from surefit.workflows.kernels.calibration import calibration
from surefit.workflows.kernels.classes import class_table
from surefit.workflows.kernels.compared import (
    compare_at_width,
    comparison_lines,
    comparison_numbers,
)
from surefit.workflows.kernels.curves import TITLES, curve_lines, panels
from surefit.workflows.kernels.heat import heat_map
from surefit.workflows.kernels.networks import build_network
from surefit.workflows.kernels.outcomes import ends, outcome
from surefit.workflows.kernels.samples import Samples, load_samples
from surefit.workflows.kernels.wording import facts, title, verdict
from surefit.workflows.listener import Listener

__all__ = ["FinishedKernel", "kernel"]

# Matrices of all samples: both kernels, what makes them, decompositions with their work space.
_MATRICES = 26


@dataclasses.dataclass(frozen=True)
class FinishedKernel:
    """What a run leaves.

    Args:
        record: the run as plain data.
        directory: where it is.
        reused: whether it was finished before this call.
    """

    record: KernelRecord
    directory: Path
    reused: bool


def kernel(
    spec: KernelSpec,
    out: Path | str = "runs",
    *,
    listener: Listener | None = None,
    writers: Sequence[Callable[[Path], Any]] = (),
) -> FinishedKernel:
    """Kernels of a network of infinite width on data, and what they predict.

    The directory appears in the store `out` whole or not at all; a finished run with an equal spec
    is returned as it is.

    Args:
        spec: what to compute.
        out: the run store.
        listener: hears of progress.
        writers: each is called with the directory before it is published, for example
            `surefit.report.write_kernel`.

    Returns:
        The finished run.

    Raises:
        InvalidInputError: the data or a name in the spec is not usable.
        MemoryLimitError: it would not fit into memory; nothing was allocated yet.
        StorageError: the store cannot be written, or a data file cannot be read.

    Cost: one limit kernel of all samples and an eigen-decomposition per kernel.

    Example:
        >>> import tempfile
        >>> import surefit as sf
        >>> spec = sf.KernelSpec.parse({"network": "shallow", "samples": 60, "kernel": "ntk"})
        >>> with tempfile.TemporaryDirectory() as out:
        ...     done = sf.workflows.kernel(spec, out)
        >>> done.record.kernels[0].status
        'positive_definite'
    """
    listener = listener if listener is not None else Listener()
    store = Store(out)
    found = store.find(spec)
    if found is not None:
        return FinishedKernel(KernelRecord.load(found), found, reused=True)
    # Before the store is touched: what is wrong with data or names leaves nothing behind.
    samples, network = _prepared(spec, listener)
    with store.begin(spec) as workspace:
        record = _record(spec, samples, network, listener)
        record.save(workspace.path)
        for write in writers:
            write(workspace.path)
        return FinishedKernel(record, workspace.publish(), reused=False)


def _prepared(spec: KernelSpec, listener: Listener) -> tuple[Samples, Layer]:
    listener.stage(f"Data: {spec.data}")
    samples = load_samples(spec)
    _require_memory(_total(samples))
    return samples, build_network(spec, samples.prepared.y.shape[1], samples.x.shape[1:])


def _total(samples: Samples) -> int:
    return len(samples.x) + (0 if samples.x_test is None else len(samples.x_test))


def _record(spec: KernelSpec, samples: Samples, network: Layer, listener: Listener) -> KernelRecord:
    n, total = len(samples.x), _total(samples)
    listener.stage(f"Kernels of infinite width of {total} samples")
    whole = at_infinite_width(
        network, samples.x, samples.prepared.y, samples.x_test, ridge=spec.ridge
    )
    spaces = _spaces(spec, whole)
    outcomes, losses, shares, predictions = [], [], [], {}
    for name, space in spaces.items():
        listener.stage(f"Spectrum of the {name.upper()}: {n} x {n}")
        end = ends(space)
        outcomes.append(outcome(name, space, samples, end))
        listener.stage(f"Predicted training with the {name.upper()}")
        for own, new in zip((losses, shares), curve_lines(name, space, samples), strict=True):
            own.extend(new)
        predictions[TITLES[name]] = end[0] if end[1] is None else end[1]
    found: dict[str, float] = {}
    if samples.y_test is not None and spec.kernel != "ntk":
        listener.stage("Posterior of the Gaussian process")
        noise = None if spec.observation_noise == "auto" else float(spec.observation_noise)
        found, mean = calibration(spaces["nngp"], samples.y_test, noise)
        predictions["Gaussian process"] = mean
    comparison: dict[str, float] = {}
    note = ""
    if spec.compare_width is not None:
        compared = compare_at_width(spec, samples, whole, listener)
        comparison = comparison_numbers(compared, samples)
        losses.extend(comparison_lines(compared, len(samples.x)))
        note = compared.run.message if compared.diverged else ""
    part = "train" if samples.y_test is None else "test"
    columns, rows = class_table(samples, predictions, part)
    first = next(iter(spaces))
    sentence, holds = verdict(spec, tuple(outcomes))
    return KernelRecord(
        run_id=spec.run_id,
        title=title(spec),
        spec=spec.canonical(),
        environment=environment_facts(),
        verdict=sentence,
        holds=holds,
        facts=facts(spec, samples),
        kernels=tuple(outcomes),
        spectra={name: space.spectrum.eigenvalues.tolist() for name, space in spaces.items()},
        panels=panels(losses, shares, bool(comparison)),
        heat_map=heat_map(first.upper(), spaces[first].k_train, samples),
        class_columns=columns,
        class_rows=rows,
        calibration=found,
        comparison=comparison,
        comparison_note=note,
        command=spec.command(),
    )


def _require_memory(total: int) -> None:
    require_bytes(
        8 * _MATRICES * total**2,
        f"`surefit kernel`: both kernels of {total} samples with their decompositions",
        "Use fewer samples (--samples) or fewer classes (--classes).",
    )


def _spaces(spec: KernelSpec, whole: FunctionSpace) -> dict[str, FunctionSpace]:
    """The training with each kernel: of all layers, and of the last one only."""
    if spec.kernel == "ntk":
        return {"ntk": whole}
    last = whole.last_layer()
    return {"nngp": last} if spec.kernel == "nngp" else {"ntk": whole, "nngp": last}
