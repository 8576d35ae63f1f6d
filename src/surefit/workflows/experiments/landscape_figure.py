"""The surfaces of the landscape experiment, its panels, and the table beside them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from surefit.core.experiment import CurveLine, Panel
from surefit.core.surface import Surface
from surefit.workflows.experiments.landscape_epochs import Iterate

__all__ = ["COLUMNS", "panels", "row", "surfaces"]

COLUMNS = (
    "epoch",
    "F",
    "‖∇F‖",
    "λ_min",
    "its residual",
    "F falls along gradient",
    "along curvature",
    "share of the plane",
)


def row(iterate: Iterate) -> tuple[float | int | str, ...]:
    """One row of the table."""
    numbers = iterate.numbers
    names = ("objective", "gradient_norm", "eigenvalue", "residual")
    falls = ("decrease_gradient", "decrease_curvature", "share")
    return (iterate.epoch, *(numbers[name] for name in (*names, *falls)))


def surfaces(iterates: Sequence[Iterate]) -> tuple[Surface, ...]:
    """One surface per iterate, with the point itself marked."""
    return tuple(map(_surface, iterates))


def _surface(iterate: Iterate) -> Surface:
    numbers = iterate.numbers
    return Surface(
        name=f"epoch_{iterate.epoch}",
        title=f"Epoch {iterate.epoch}",
        about="The solid line runs along the gradient, which descends to the left; the broken one "
        "along the most negative curvature. The gradient alone reaches "
        f"{100.0 * numbers['share']:.0f} % of the largest decrease in the plane.",
        x_axis="gradient",
        y_axis="curvature",
        z_axis="F",
        x=iterate.x,
        y=iterate.y,
        z=iterate.z,
        mark=(0.0, 0.0),
        mark_label="iterate",
        numbers=(
            ("F at the iterate", numbers["objective"]),
            ("||grad F||", numbers["gradient_norm"]),
            ("lambda_min of the smoothed Hessian, v its eigenvector", numbers["eigenvalue"]),
            ("not below, with high probability", numbers["eigenvalue_lower"]),
            ("residual ||Hv - lambda v||", numbers["residual"]),
            ("products with the Hessian", numbers["products"]),
            ("curvature along v without smoothing", numbers["pointwise_curvature"]),
            ("cosine of v and gradient", numbers["overlap"]),
            ("F falls along the gradient by", numbers["decrease_gradient"]),
            ("F falls along the curvature by", numbers["decrease_curvature"]),
            ("F falls in the plane by", numbers["decrease_plane"]),
        ),
    )


def panels(iterates: Sequence[Iterate]) -> tuple[Panel, ...]:
    """Cuts through all surfaces along both axes, and the loss over the epochs."""
    cuts = (
        _panel(
            "gradient",
            "Downhill along the gradient",
            "The change of F in units of the largest decrease in the plane: -1 is all that "
            "both directions together can do.",
            "distance / length of the half axis",
            [_downhill(iterate) for iterate in iterates],
        ),
        _panel(
            "curvature",
            "Along the most negative curvature",
            "The same along the second axis, in both senses; the slope in the middle is zero.",
            "distance / length of the half axis",
            [_across(iterate) for iterate in iterates],
        ),
    )
    curve = max((iterate.curve for iterate in iterates), key=lambda curve: curve.shape[1])
    if curve.shape[1] < 2:
        return cuts
    loss = Panel(
        name="loss",
        title="Training by SGD",
        about="The objective over the epochs.",
        x_axis="epoch",
        y_axis="F",
        lines=(CurveLine("F", curve[0], curve[1]),),
        log_y=True,
    )
    return (*cuts, loss)


def _change(iterate: Iterate, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return (values - iterate.numbers["objective"]) / iterate.numbers["decrease_plane"]


def _downhill(iterate: Iterate) -> CurveLine:
    middle = len(iterate.x) // 2
    values = iterate.z[len(iterate.y) // 2, middle::-1]
    places = -iterate.x[middle::-1] / iterate.x[-1]
    return CurveLine(f"epoch {iterate.epoch}", places, _change(iterate, values))


def _across(iterate: Iterate) -> CurveLine:
    values = iterate.z[:, len(iterate.x) // 2]
    places = iterate.y / iterate.y[-1]
    return CurveLine(f"epoch {iterate.epoch}", places, _change(iterate, values))


def _panel(name: str, title: str, about: str, x_axis: str, lines: list[CurveLine]) -> Panel:
    return Panel(
        name=name,
        title=title,
        about=about,
        x_axis=x_axis,
        y_axis="change of F / largest decrease",
        lines=tuple(lines),
        over_time=False,
    )
