"""Points labelled by a random two-layer network."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from surefit.data.dataset import Dataset
from surefit.data.draw import check_size, generators, on_sphere
from surefit.data.loader import Loader
from surefit.data.require import among, at_least, non_negative
from surefit.data.targets import TASKS

__all__ = ["Teacher"]

ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "relu": lambda z: np.maximum(z, 0.0),
    "tanh": np.tanh,
}


@dataclasses.dataclass(frozen=True)
class Teacher(Loader):
    r"""Uniform points of the unit sphere, labelled by a random two-layer network.

    The teacher is $f(x) = m^{-1/2}\sum_{j=1}^m a_j\,\phi(\langle w_j, x\rangle)$ with
    $w_j \sim N(0, I_d)$ and independent signs $a_j = \pm1$, so that
    $\langle w_j, x\rangle \sim N(0, 1)$ and $E f(x)^2 = E\phi(g)^2$. Regression: $y = f(x)$ plus
    noise. Classification: +1 where $f(x)$ plus noise is at least its median over the data, else
    -1, so that both classes occur equally often. The teacher depends on d, width and seed only.

    Args:
        n: how many examples.
        d: how many features.
        width: $m$, the width of the teacher.
        activation: $\phi$, "tanh" or "relu".
        task: "regression" or "classification".
        noise: standard deviation of the Gaussian noise added to $f(x)$.
        seed: of the random generator.
    """

    n: int = 200
    d: int = 20
    width: int = 5
    activation: str = "tanh"
    task: str = "regression"
    noise: float = 0.0
    seed: int = 0

    def load(self) -> Dataset:
        """Draw teacher, points and noise."""
        call = "load('teacher', ...)"
        check_size(call, self.n, self.d, self.seed)
        at_least(call, "width", self.width, 1, "A teacher has at least one neuron.")
        non_negative(call, "noise", self.noise, "It is a standard deviation.")
        among("activation of the teacher", self.activation, tuple(ACTIVATIONS))
        among("task", self.task, TASKS)
        points, weights, disturbance = generators(self.seed, 3)
        x = on_sphere(points, self.n, self.d)
        w = weights.standard_normal((self.width, self.d))
        a = weights.choice([-1.0, 1.0], size=self.width)
        f = ACTIVATIONS[self.activation](x @ w.T) @ a / np.sqrt(self.width)
        f = f + self.noise * disturbance.standard_normal(self.n)
        y = f if self.task == "regression" else np.where(f >= np.median(f), 1, -1)
        source = (
            f"two-layer {self.activation} teacher of width {self.width} on the sphere, d = "
            f"{self.d}, noise {self.noise:g}, seed {self.seed}"
        )
        return Dataset("teacher", x, y, self.task, source=source)
