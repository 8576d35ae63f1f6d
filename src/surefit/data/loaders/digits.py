"""Handwritten digits, 8 x 8 pixels."""

from __future__ import annotations

import dataclasses

from surefit.data.dataset import Dataset
from surefit.data.loader import Loader

__all__ = ["Digits"]


@dataclasses.dataclass(frozen=True)
class Digits(Loader):
    """Handwritten digits, 8 x 8 pixels: 1797 examples, 10 classes. Ships with scikit-learn.

    Args:
        images: keep the shape (n, 8, 8) instead of (n, 64).

    References:
        Alpaydin, Kaynak (1998), Optical recognition of handwritten digits, UCI repository.
    """

    images: bool = False

    def load(self) -> Dataset:
        """Read the copy that scikit-learn carries."""
        from sklearn.datasets import load_digits

        bunch = load_digits()
        x = bunch.images if self.images else bunch.data
        return Dataset("digits", x, bunch.target, source="sklearn.datasets.load_digits")
