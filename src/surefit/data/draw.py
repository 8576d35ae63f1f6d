"""Random inputs and labels that several synthetic sources share."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float64, Shaped

from surefit.data.require import among, at_least, room_for

__all__ = ["LABELS", "draw_labels", "generators", "on_sphere", "task_of"]

LABELS = ("random", "halfspace", "gaussian")


def generators(seed: int, count: int) -> list[np.random.Generator]:
    """Independent random generators; the first `count` do not depend on how many follow."""
    return [np.random.default_rng([seed, stream]) for stream in range(count)]


def check_size(call: str, n: int, d: int, seed: int) -> None:
    """Raise unless n, d and seed are usable and n x d numbers fit into memory.

    Raises:
        InvalidInputError: n, d or seed is too small.
        MemoryLimitError: the data would not fit into memory.
    """
    at_least(call, "n", n, 1, "A data set has at least one example.")
    at_least(call, "d", d, 1, "An example has at least one feature.")
    at_least(call, "seed", seed, 0, "Seeds of random generators are not negative.")
    room_for(call.replace("...", f"n={n}, d={d}"), n, d)


def on_sphere(rng: np.random.Generator, n: int, d: int) -> Float64[np.ndarray, "n d"]:
    """Independent uniform points of the unit sphere: Gaussian vectors, normalised."""
    x = rng.standard_normal((n, d))
    return x / np.linalg.norm(x, axis=1)[:, None]


def task_of(labels: str) -> str:
    """The task that goes with labels of that kind.

    Raises:
        UnknownNameError: there is no such kind.
    """
    among("labels", labels, LABELS)
    return "regression" if labels == "gaussian" else "classification"


def draw_labels(
    rng: np.random.Generator, labels: str, x: Float64[np.ndarray, "n d"]
) -> Shaped[np.ndarray, " n"]:
    r"""Labels for points drawn without any.

    Args:
        rng: the source of randomness.
        labels: "random": half -1, half +1 (one more +1 if n is odd) in random order, independent
            of x: the hardest labels to fit. "halfspace": the sign of the first coordinate, 0
            counting as +1. "gaussian": independent $N(0, 1)$ targets.
        x: the points.
    """
    if labels == "gaussian":
        return rng.standard_normal(len(x))
    if labels == "halfspace":
        return np.where(x[:, 0] >= 0.0, 1, -1)
    return rng.permutation(np.where(np.arange(len(x)) % 2 == 0, 1, -1))
