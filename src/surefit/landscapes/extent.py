"""How far a picture must reach, and how far the objective falls along each of its axes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from surefit.landscapes.objective import Objective

__all__ = ["LowestPoints", "lowest_points"]

# Distances are powers of sqrt(2): the lowest point is met to within 1.2 of its distance, where a
# parabola has 0.97 of its depth.
_STEPS = 40


class LowestPoints(NamedTuple):
    """What a search along both axes found.

    Args:
        x: half the length of the first axis, so that its lowest point is half way.
        y: the same of the second.
        gradient: how far $F$ falls along the gradient; at least 0.
        curvature: how far it falls along the second axis; at least 0.
    """

    x: float
    y: float
    gradient: float
    curvature: float


def lowest_points(
    objective: Objective, directions: Float[np.ndarray, "2 p"], here: float, slope: float
) -> LowestPoints:
    r"""Search downhill along the gradient, and along the second axis in both senses.

    Both are tried at the same distances, from $2F/\|\nabla F\|$ down by powers of $\sqrt2$. There
    the tangent has fallen to $-F$, and a parabola of minimum 0 is at its lowest.

    Args:
        objective: $F$.
        directions: the axes.
        here: $F$ at the point.
        slope: the length of the gradient.
    """
    distances = 2.0 * abs(here) / slope * 2.0 ** (-0.5 * np.arange(_STEPS))
    rays = np.array([[-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    places = (rays[:, None, :] * distances[None, :, None]).reshape(-1, 2)
    values = objective.values(directions, places).reshape(3, _STEPS)
    values = np.where(np.isfinite(values), values, np.inf)
    best = values.argmin(axis=1)
    falls = np.maximum(here - values.min(axis=1), 0.0)
    x = 2.0 * distances[best[0]]
    side = 1 if falls[1] >= falls[2] else 2
    y = 2.0 * distances[best[side]] if falls[side] > 0 else x
    return LowestPoints(float(x), float(y), float(falls[0]), float(falls[side]))
