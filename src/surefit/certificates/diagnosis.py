"""Why a certificate does not hold, and what to do about it, in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Float

from surefit.certificates.point import Point
from surefit.certificates.wording import count, number
from surefit.core.check import Check
from surefit.curvature import without_bound

__all__ = ["diagnose"]

# Two samples carry the bottom eigenvector where they hold this share of its square.
_LOCALISED = 0.5
# Parts of a network that do in training something else than afterwards.
_SWITCHED = ("dropout", "batchnorm", "batch_norm")
_NOT_FIXED = (
    " Certificates are about one function of weights and sample: what is drawn anew in every step, "
    "or depends on the other samples of a batch, is none. Switch it off, and train on without it."
)
# Below this residual norm float64 descent no longer moves.
_FLOOR = 1e-12


def diagnose(
    point: Point,
    checks: Iterable[Check],
    quantities: Mapping[str, float],
    step_size: float | None,
) -> list[str]:
    """Sentences about each check that does not hold; nothing where all hold."""
    checks = tuple(checks)
    failing = {check.name for check in checks if check.holds is not True}
    if not failing:
        return []
    sentences: list[str] = []
    if "p" in failing:
        sentences.append(_too_few(point))
    if "inputs distinct" in failing:
        sentences.append(_duplicates(point))
    elif "sigma_min(J)^2" in failing and "p" not in failing:
        sentences += [_singular(point), *_limiting(point)]
    if "Lipschitz constant of J" in failing:
        sentences.append(_unbounded(point))
    near = [name for name in failing if name.startswith("largest radius")]
    if near:
        sentences.append(_near_the_limit(point))
    if quantities["condition"] >= 1.0:
        sentences += [_far(point, quantities, step_size), *_limiting(point)]
    elif "step size" in failing:
        sentences.append(_step_too_large(quantities))
    elif "steps covered" in failing:
        covered = next(check for check in checks if check.name == "steps covered")
        sentences += [_errors_too_large(quantities, covered), *_limiting(point)]
    if "error of a step" in failing:
        sentences.append(
            "How far a step is off could not be measured: the gradient of this network cannot be "
            "computed in float32, where an equilibrium is not found. Use a solver with a tolerance "
            "that float32 reaches."
        )
    return sentences


def _too_few(point: Point) -> str:
    return (
        f"J is not onto: {point.parameters} trained parameters for {point.problem.residuals} "
        "equations. No certificate of this kind can exist for general labels. Widen the network "
        "or use fewer samples."
    )


def _duplicates(point: Point) -> str:
    x = np.asarray(point.problem.x).reshape(point.problem.samples, -1)
    y = np.asarray(point.problem.y)
    _, first, where = np.unique(x, axis=0, return_index=True, return_inverse=True)
    partner = first[where.reshape(-1)]
    rows = np.flatnonzero(partner != np.arange(len(x)))
    clash = [i for i in rows if not np.array_equal(y[i], y[partner[i]])]
    if clash:
        i, j = clash[0], partner[clash[0]]
        return (
            f"Samples {j} and {i} are identical with different labels: zero training loss is "
            "impossible. Remove one of them, or average the labels."
        )
    i, j = rows[0], partner[rows[0]]
    return (
        f"Samples {j} and {i} are identical, with the same label, so J has equal rows and no "
        f"smallest singular value above 0 ({len(rows)} repeated rows in all). Merge them: the "
        "network cannot tell them apart."
    )


def _singular(point: Point) -> str:
    return (
        f"J is not onto within rounding: its smallest squared singular value is "
        f"{number(point.smallest.value)} with an error of up to {number(point.smallest.error)}. "
        "Widen the network, or make the inputs more different (centre them, start with wider "
        "first-layer weights)."
    )


def _limiting(point: Point) -> list[str]:
    """Names the two samples that carry the bottom eigenvector, where two do."""
    if point.bottom is None or point.problem.samples < 3:
        return []
    shares = np.sum(point.bottom.reshape(point.problem.samples, -1) ** 2, axis=1)
    i, j = (int(s) for s in np.sort(np.argsort(-shares)[:2]))
    if shares[i] + shares[j] < _LOCALISED:
        return []
    x = np.asarray(point.problem.x).reshape(point.problem.samples, -1)
    distances = _distances(x)
    opposite = float(np.linalg.norm(x[i] + x[j]))
    if opposite < distances[i, j]:
        return [
            f"sigma_min is limited by samples {i} and {j}: one is the negative of the other up to "
            f"{number(opposite)}, and an odd activation without biases cannot tell them apart. "
            "Add biases, use an activation that is not odd, or remove one of them."
        ]
    return [
        f"sigma_min is limited by samples {i} and {j}: they are {number(distances[i, j])} apart, "
        f"where the median distance to the nearest sample is "
        f"{number(float(np.median(np.min(distances, axis=1))))}. Removing one of them would help."
    ]


def _distances(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    square = np.sum(x**2, axis=1)
    distances = np.sqrt(np.maximum(square[:, None] + square[None, :] - 2 * x @ x.T, 0.0))
    np.fill_diagonal(distances, math.inf)
    return distances


def _unbounded(point: Point) -> str:
    if point.curvature is not None:
        return (
            "The Jacobian has no Lipschitz constant around these weights: "
            f"{getattr(point.curvature, 'limited_by', '')}. Polish or train on, or use a smooth "
            "activation (an equilibrium: smaller weights inside)."
        )
    unknown = without_bound(point.problem, point.params)
    return (
        f"No bound on the curvature of this architecture is known here: {unknown}. The bounds "
        "cover dense and convolutional layers, pooling, biases, sums, residual layers and "
        "equilibria, with activations that have a bounded second derivative "
        "or their only kink at 0; and networks of which only the last layer is trained."
        + (_NOT_FIXED if any(word in unknown.lower() for word in _SWITCHED) else "")
    )


def _near_the_limit(point: Point) -> str:
    kinks = getattr(point.curvature, "kinks", False)
    where = getattr(point.curvature, "limited_by", "")
    event = "change its sign" if kinks else "cease to be a contraction"
    subject = "a pre-activation" if kinks else "an equilibrium"
    return (
        f"On the way {subject} could {event}, where the Jacobian jumps: {where}. The path may be "
        f"{number(point.residual / point.sigma.lower)} long, nothing changes within "
        f"{number(point.reach)}. A smaller residual needs a shorter path: polish the weights"
        + (", or use a smooth activation." if kinks else ".")
    )


def _far(point: Point, quantities: Mapping[str, float], step_size: float | None) -> str:
    fire = quantities["fire_residual"]
    text = (
        f"The residual is too large: need ||r|| <= {number(fire)}, have "
        f"{number(point.residual)} (C = {number(quantities['condition'])})."
    )
    if fire < _FLOOR:
        return text + (
            " That is below what float64 descent reaches: the curvature bound is too pessimistic "
            "for this network. A wider or less deep network needs less; otherwise only a polish in "
            "higher precision would help."
        )
    text += " Train on"
    if step_size is not None:
        speed = point.factor * step_size * point.smallest.value
        more = count(math.log(point.residual / fire) / speed)
        text += f" (about {more} more steps of size {number(step_size)} at the slowest rate)"
    return text + ", or polish the weights: `sf.polish`, `--polish`."


def _step_too_large(quantities: Mapping[str, float]) -> str:
    return (
        f"The step size {number(quantities['step_size'])} exceeds the largest that this theorem "
        f"allows here, {number(quantities['largest_step'])}. The statement holds for that step: "
        "pass it as `step_size=...`, and train with it."
    )


def _errors_too_large(quantities: Mapping[str, float], covered: Check) -> str:
    cost, room = quantities["error_cost"], quantities["error_room"]
    return (
        f"The errors of the steps are too large: {count(covered.bound)} of them, each off by up to "
        f"{number(quantities['error'])}, may raise the residual norm by "
        f"{number(covered.bound * cost)}, and there is room for {number(room)}, which is "
        f"{number(covered.bound * cost / room)} times too little: {count(covered.value)} steps are "
        "covered. A smaller residual (train on, polish) or a larger sigma_min (widen, centre the "
        "data) leaves more room; smaller weights round less."
    )
