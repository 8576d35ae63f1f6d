"""The slope of the activation at an equilibrium, without another product where that is possible."""

from __future__ import annotations

from typing import Any

from jaxtyping import Array, Float

__all__ = ["slope_at"]


def slope_at(
    activation: Any,
    weights: Float[Array, "m m"],
    state: Float[Array, "n m"],
    x: Float[Array, "n m"],
) -> Float[Array, "n m"]:
    r"""$\phi'(Wh + x)$ where $h = \phi(Wh + x)$.

    Activations whose slope can be read off their value say so by `slope_from_value`; others cost
    one product with $W$.
    """
    slope = activation.slope_from_value(state)
    return activation.derivative(state @ weights.T + x) if slope is None else slope
