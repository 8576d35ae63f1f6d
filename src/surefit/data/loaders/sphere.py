"""Uniform points of the unit sphere."""

from __future__ import annotations

import dataclasses

from surefit.data.dataset import Dataset
from surefit.data.draw import check_size, draw_labels, generators, on_sphere, task_of
from surefit.data.loader import Loader

__all__ = ["Sphere"]


@dataclasses.dataclass(frozen=True)
class Sphere(Loader):
    r"""Independent uniform points of the unit sphere in $R^d$.

    Inner products of two of them have mean 0 and variance $1/d$. The first rows do not depend on
    n: a larger set with the same seed begins with the smaller one.

    Args:
        n: how many examples.
        d: how many features.
        labels: "random" (half -1, half +1, independent of the points), "halfspace" (sign of the
            first coordinate) or "gaussian" (a regression on pure noise).
        seed: of the random generator.
    """

    n: int = 200
    d: int = 20
    labels: str = "random"
    seed: int = 0

    def load(self) -> Dataset:
        """Draw points and labels."""
        check_size("load('sphere', ...)", self.n, self.d, self.seed)
        task = task_of(self.labels)
        points, labels = generators(self.seed, 2)
        x = on_sphere(points, self.n, self.d)
        y = draw_labels(labels, self.labels, x)
        source = f"uniform on the sphere, d = {self.d}, labels {self.labels}, seed {self.seed}"
        return Dataset("sphere", x, y, task, source=source)
