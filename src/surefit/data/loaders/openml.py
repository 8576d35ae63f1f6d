"""Data sets of openml.org."""

from __future__ import annotations

import dataclasses
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader
from surefit.data.require import at_least
from surefit.data.rows import RowsError
from surefit.data.targets import read_whole, resolve_task
from surefit.errors import InvalidInputError, StorageError

__all__ = ["Openml"]


@dataclasses.dataclass(frozen=True)
class Openml(Loader):
    """A data set of openml.org, downloaded once by scikit-learn and read from its cache afterwards.

    A feature with categories becomes one column of zeros and ones per category.

    Args:
        dataset: the name on openml.org ("mnist_784"), or its number ("554").
        version: a version number, or "active" for the oldest one that is not withdrawn. Name a
            version where results must be reproducible.
        target: the column to predict; by default the one that openml.org declares.
        task: "classification", "regression" or "auto": a column of categories or text is
            classified, and so are whole numbers with at most 20 distinct values, each for two rows
            on average; anything else is a regression.
        data_home: the directory of the cache; by default scikit-learn's (`~/scikit_learn_data`, or
            the environment variable SCIKIT_LEARN_DATA).
        retries: how often a failed download is tried again, a second apart; at least 1.

    References:
        Vanschoren, van Rijn, Bischl, Torgo (2014), OpenML: networked science in machine learning.
    """

    argument = "dataset"

    dataset: str
    version: int | str = "active"
    target: str | None = None
    task: str = "auto"
    data_home: str | Path | None = None
    retries: int = 3

    def load(self) -> Dataset:
        """Fetch and encode."""
        at_least("load('openml', ...)", "retries", self.retries, 1, "A network can fail once.")
        bunch = self._fetch()
        details = bunch["details"]
        label = f"openml:{details['name']}"
        if hasattr(bunch["data"], "toarray"):
            raise InvalidInputError(
                f"{label} must be a dense table. Got a sparse one of shape {bunch['data'].shape}. "
                "Kernels need all distances. Choose a dense data set, or convert it to NPZ."
            )
        target = bunch["target"]
        if target is None or (target.ndim == 2 and target.shape[1] == 0):
            raise InvalidInputError(
                f"{label} must have a column to predict. Got none declared. Name one with "
                f"target=..., for example {bunch['feature_names'][-1]!r}."
            )
        x = _encode(bunch, label)
        y = target if target.dtype.kind != "O" or target.ndim > 1 else read_whole(target)
        categories = target.ndim == 1 and target.dtype.kind == "O"
        task = "classification" if self.task == "auto" and categories else None
        task = task or resolve_task(self.task, y)
        source = f"openml.org, data set {details['id']}, version {details['version']}"
        return Dataset(str(details["name"]), x, y, task, source=source)

    def _fetch(self) -> Any:
        from sklearn.datasets import fetch_openml

        which: dict[str, Any] = {"name": self.dataset, "version": self.version}
        if self.dataset.isdigit():
            which = {"data_id": int(self.dataset)}
        try:
            with warnings.catch_warnings():
                # About retries and about several versions; the version taken stands in `source`.
                warnings.simplefilter("ignore")
                return fetch_openml(
                    **which,
                    data_home=None if self.data_home is None else str(self.data_home),
                    target_column=self.target or "default-target",
                    as_frame=False,
                    # One parser for everybody: with pandas the types of columns would differ.
                    parser="liac-arff",
                    n_retries=self.retries,
                )
        except (OSError, EOFError) as cause:
            raise StorageError(
                f"`load('openml:{self.dataset}')` must reach openml.org or find the data in its "
                f"cache. {cause}. Check the network connection and try again; or run the command "
                "once where there is a network and copy its cache directory here (data_home=...); "
                "or download the table and load it as CSV."
            ) from cause
        except (ValueError, KeyError) as cause:
            raise InvalidInputError(
                f"`load('openml:{self.dataset}')` must name a table of openml.org that can be read "
                f"as numbers. Got: {str(cause).rstrip('.')}. Check name, version and target on "
                "openml.org."
            ) from cause


def _encode(bunch: Any, label: str) -> np.ndarray:
    # scikit-learn delivers a category as its index, and a missing value as NaN.
    data, categories = np.asarray(bunch["data"], dtype=np.float64), bunch.get("categories") or {}
    missing = np.flatnonzero(np.isnan(data).any(axis=1))
    if missing.size:
        columns = [bunch["feature_names"][j] for j in np.flatnonzero(np.isnan(data).any(axis=0))]
        raise RowsError(
            f"{label} must have no missing values. Got some in {{rows}} (counted from 0), in "
            f"column {', '.join(map(str, columns[:5]))}. A network needs every input. Save the "
            "table as CSV without these rows or columns and load that.",
            missing,
        )
    columns = [
        np.eye(len(categories[name]))[data[:, j].astype(np.int64)]
        if categories.get(name)
        else data[:, [j]]
        for j, name in enumerate(bunch["feature_names"])
    ]
    return np.concatenate(columns, axis=1) if columns else data
