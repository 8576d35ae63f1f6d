"""Clusters around nearly orthogonal centres."""

from __future__ import annotations

import dataclasses

import numpy as np

from surefit.data.dataset import Dataset
from surefit.data.draw import check_size, generators, on_sphere
from surefit.data.loader import Loader
from surefit.data.require import at_least, non_negative

__all__ = ["NearlyOrthogonal"]


@dataclasses.dataclass(frozen=True)
class NearlyOrthogonal(Loader):
    r"""Clusters around nearly orthogonal centres, one class per cluster.

    $x_i = c_{a} + \frac{\sigma}{\sqrt d}\, g_i$ with $a = i \bmod k$, centres $c_1, \dots, c_k$
    uniform on the unit sphere, $g_i \sim N(0, I_d)$ and $\sigma$ = `spread`. Centres have inner
    products of order $1/\sqrt d$, noise has norm about $\sigma$, so that
    $\langle x_i, x_j\rangle \approx 1$ within a cluster and $\approx 0$ across. With as many
    clusters as examples all rows are nearly orthogonal. Rows cycle through the classes, so the
    first rows are always balanced.

    Args:
        n: how many examples.
        d: how many features.
        clusters: $k$, the number of clusters and of classes.
        spread: $\sigma$, the norm of the noise.
        seed: of the random generator.
    """

    n: int = 200
    d: int = 200
    clusters: int = 2
    spread: float = 0.1
    seed: int = 0

    def load(self) -> Dataset:
        """Draw centres and noise."""
        call = "load('nearly_orthogonal', ...)"
        check_size(call, self.n, self.d, self.seed)
        at_least(call, "clusters", self.clusters, 2, "Every cluster is a class.")
        non_negative(call, "spread", self.spread, "It is the norm of the noise.")
        at_least(call, "n", self.n, self.clusters, "Every cluster needs an example.")
        centres, noise = generators(self.seed, 2)
        c = on_sphere(centres, self.clusters, self.d)
        y = np.arange(self.n) % self.clusters
        x = c[y] + self.spread / np.sqrt(self.d) * noise.standard_normal((self.n, self.d))
        source = (
            f"{self.clusters} nearly orthogonal clusters, d = {self.d}, spread {self.spread:g}, "
            f"seed {self.seed}"
        )
        return Dataset("nearly_orthogonal", x, y, source=source)
