"""How each measured quantity is shown: its title, its axis, and one sentence about it.

A quantity that is not listed is shown as well, under its own name; a line here only makes it
read better.
"""

from __future__ import annotations

import dataclasses

__all__ = ["LOOKS", "Look", "look"]


LONGEST_AXIS = 36


@dataclasses.dataclass(frozen=True)
class Look:
    """How a measured quantity is shown.

    Args:
        title: the heading of its plot.
        axis: the label of its axis.
        about: one sentence for a reader who has not met it.
        scale: `log`, `linear`, or `auto` (logarithmic where the values span much).
        percent: show fractions as percentages.
        level: a value that matters whatever the run, drawn as a horizontal line.
        level_name: what it is.
    """

    title: str
    axis: str
    about: str
    scale: str = "auto"
    percent: bool = False
    level: float | None = None
    level_name: str = ""


# In the order in which they appear on the page.
LOOKS = {
    "squared_residual": Look(
        "Does it fit, and as fast as promised?",
        "squared residual ‖f(θ) − y‖²",
        "The squared distance between the network's outputs and the targets; it reaches zero where "
        "the network fits the data exactly. Straight lines on this axis are linear convergence.",
        "log",
    ),
    "loss": Look("Training loss", "loss", "The objective that the method descends.", "log"),
    "gram_smallest": Look(
        "Smallest Gram eigenvalue",
        "λ_min(K)",
        "The slowest direction: as long as it stays away from zero, gradient descent has no place "
        "to get stuck.",
    ),
    "gram_largest": Look(
        "Largest Gram eigenvalue",
        "λ_max(K)",
        "The steepest direction; it limits the step size.",
    ),
    "kernel_drift": Look(
        "Drift of the tangent kernel",
        "‖K(t) − K(0)‖ / ‖K(0)‖",
        "How far the network has left its linearisation: zero is the lazy regime.",
    ),
    "lazy_gap": Look(
        "Gap to the linearised network",
        "‖f(θ) − f_lin(θ)‖",
        "How far the outputs are from the first-order expansion around the start, at the same "
        "parameters: zero is the lazy regime.",
    ),
    "distance": Look(
        "Distance from the start",
        "‖θ − θ₀‖",
        "How far the parameters have moved in a straight line. Predicted radii are drawn as level "
        "lines.",
    ),
    "distance_per_layer": Look(
        "Distance from the start, by layer",
        "‖W − W₀‖",
        "The same for every trained layer, named after its place in the network.",
    ),
    "path_length": Look(
        "Length of the path",
        "length travelled",
        "How far the parameters have travelled, step by step; never less than the distance.",
    ),
    "flips": Look(
        "Activation flips",
        "share of signs changed",
        "The share of hidden units, over all samples, whose pre-activation has changed its sign "
        "since the start.",
    ),
    "operator_norm": Look(
        "Operator norms of the weights",
        "‖W‖₂",
        "The largest factor by which a weight matrix, as it is stored, stretches its input.",
    ),
    "equilibrium_residual": Look(
        "Residual of the equilibria",
        "‖φ(Wh + x) − h‖ / ‖h‖",
        "How well the equilibrium is solved, for the worst sample: of the order of the rounding "
        "error as long as the solver converges.",
        "log",
    ),
    "equilibrium_steps": Look(
        "Steps of the equilibrium solver",
        "steps from a cold start",
        "How many applications of the layer the slowest sample needs. They grow when the network "
        "comes close to losing its equilibrium.",
        "linear",
    ),
    "scaled_operator_norm": Look(
        "Well-posedness: operator norm inside the equilibrium",
        "‖aW‖₂",
        "The largest factor by which the weights inside the equilibrium stretch a difference of "
        "states. Below 1 (over the Lipschitz constant of the activation) every input has exactly "
        "one equilibrium; above, there may still be one.",
        "linear",
        level=1.0,
        level_name="well-posed for every input below 1",
    ),
    "contraction": Look(
        "Well-posedness: measured contraction",
        "contraction per step",
        "The largest factor by which one application of the layer shrinks the distance between "
        "successive states, on the data: a lower bound of the contraction modulus.",
        "linear",
        level=1.0,
        level_name="a contraction below 1",
    ),
    "feature_gram_smallest": Look(
        "Smallest eigenvalue of the feature Gram matrix",
        "λ_min(G)",
        "Of the features that enter the equilibrium. The theory of implicit networks keeps it "
        "above half of its limit at infinite width, and takes the rate from it.",
    ),
    "gradient_norm": Look(
        "Norm of the gradient",
        "‖∇L‖",
        "The length of the gradient of the loss.",
        "log",
    ),
    "pl_ratio": Look(
        "Polyak-Łojasiewicz ratio",
        "‖∇L‖² / 2(L − min L)",
        "How steep the loss is compared with its height. A positive lower bound along the path is "
        "the PL condition, and gives a linear rate.",
    ),
    "accuracy": Look(
        "Training accuracy",
        "classified correctly",
        "On the training samples themselves; it says nothing about new data.",
        "linear",
        percent=True,
    ),
}


def look(name: str) -> Look:
    """The look of a quantity, made from its name where it is not listed."""
    if name in LOOKS:
        return LOOKS[name]
    words = name.replace("_", " ").strip() or "unnamed quantity"
    axis = words if len(words) <= LONGEST_AXIS else f"{words[: LONGEST_AXIS - 1]}…"
    return Look(words[:1].upper() + words[1:], axis, f"Recorded by the monitor “{name}”.")
