"""Experiments on images: digits by default, MNIST where its files are given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import PrivateAttr

from surefit.runs.experiments.images import image_files
from surefit.runs.experiments.spec import ExperimentSpec
from surefit.runs.options import Name, Seed
from surefit.runs.sources import fingerprint

__all__ = ["ImageExperimentSpec"]


class ImageExperimentSpec(ExperimentSpec):
    """An experiment on images; a subclass defines `data_dir` and `seed` among its fields.

    The files count by name and content, not by the directory they are in.
    """

    private: ClassVar[frozenset[str]] = frozenset({"data_dir"})

    _files: dict[str, str] = PrivateAttr(default_factory=dict)

    data_dir: Name | None
    seed: Seed

    def _complete(self, digits: Mapping[str, Any], mnist: Mapping[str, Any]) -> None:
        """Fill in the sizes that go with the data, and read what the files are."""
        for name, value in (digits if self.data_dir is None else mnist).items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)
        self._files = {path.name: fingerprint(path) for path in self.images}

    @property
    def images(self) -> tuple[Path, ...]:
        """The files of images, training set before test set; none for digits.

        Raises:
            InvalidInputError: the directory does not exist or has no such files.
        """
        return () if self.data_dir is None else image_files(Path(self.data_dir).expanduser())

    @property
    def content(self) -> dict[str, Any]:
        """The data by name and hash, not by place."""
        return {"data": "digits" if self.data_dir is None else "mnist", "data_sha256": self._files}

    @property
    def label(self) -> str:
        """The data."""
        return f"{self.content['data']}-s{self.seed}"
