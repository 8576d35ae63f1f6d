"""Training and test samples: selected, split, and prepared with the statistics of training."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64, Shaped
from sklearn.model_selection import train_test_split

from surefit import data
from surefit.errors import InvalidInputError
from surefit.runs.kernel_spec import KernelSpec
from surefit.workflows.deep_networks import image_shape
from surefit.workflows.sources import load_source

__all__ = ["Samples", "load_samples"]


@dataclasses.dataclass(frozen=True, eq=False)
class Samples:
    """What networks are trained and tested on.

    Args:
        prepared: the training samples with their checks and coding.
        x: training inputs in the shape that the network takes.
        x_test: test inputs; None: there are none.
        y_test: their targets, coded; None likewise.
        labels_test: their labels as they came.
    """

    prepared: data.PreparedData
    x: Float64[np.ndarray, "n ..."]
    x_test: Float64[np.ndarray, "m ..."] | None
    y_test: Float64[np.ndarray, "m k"] | None
    labels_test: Shaped[np.ndarray, "m ..."] | None

    @property
    def classification(self) -> bool:
        """Whether targets are classes."""
        return self.prepared.code.task == "classification"


def load_samples(spec: KernelSpec) -> Samples:
    """Load, select, split and prepare.

    Means and ranges of preprocessing are those of the training samples.

    Raises:
        InvalidInputError: the data or a name is not usable, or too few samples are left to test.
        StorageError: a data file cannot be read.
    """
    chosen = data.select(
        load_source(spec, spec.labels, images=spec.network == "cnn"),
        spec.classes,
        samples=spec.samples,
        samples_per_class=spec.samples_per_class,
    )
    rows, test_rows = _split(spec, chosen)
    prepared = data.prepare(
        chosen.take(rows),
        steps=spec.preprocess,
        labels=spec.labels,
        noise=spec.noise,
        seed=spec.seed,
    )
    if test_rows is None:
        return Samples(prepared, _shaped(spec, prepared.x), None, None, None)
    test = chosen.take(test_rows)
    x_test = np.ascontiguousarray(
        data.perturb(prepared.transform(test.x), spec.noise, spec.seed + 1)
    )
    return Samples(
        prepared=prepared,
        x=_shaped(spec, prepared.x),
        x_test=np.ascontiguousarray(_shaped(spec, x_test)),
        y_test=prepared.code.encode(test.y),
        labels_test=test.y,
    )


def _shaped(spec: KernelSpec, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
    if spec.network == "cnn":
        return x.reshape(len(x), *image_shape(x.shape[1:]))
    return x.reshape(len(x), -1)


def _split(spec: KernelSpec, chosen: data.Dataset) -> tuple[np.ndarray, np.ndarray | None]:
    rows = np.arange(len(chosen))
    if spec.test_fraction == 0.0:
        return rows, None
    classes = chosen.task == "classification"
    try:
        train, test = train_test_split(
            rows,
            test_size=spec.test_fraction,
            random_state=spec.seed,
            stratify=chosen.y if classes else None,
        )
    except ValueError as cause:
        raise InvalidInputError(
            f"`KernelSpec(test_fraction=...)` must leave samples to train on and to test, "
            f"{'of every class' if classes else 'one at least'}. Got {spec.test_fraction:g} of "
            f"{len(chosen)} samples. An accuracy without samples has no value. Use more samples, "
            "or write `test_fraction = 0`."
        ) from cause
    return np.sort(train), np.sort(test)
