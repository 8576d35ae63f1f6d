r"""Descent from weights that nobody trained converges: Theorem 3, by the length of the linear path.

For two dense layers with a smooth activation, one output, all weights trained; feature by feature
(docs/certificates/initialisation.md).
"""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, float_down, float_up, norm, up
from surefit_checker.network import Network
from surefit_checker.reading import fields, real
from surefit_checker.spectrum import least_eigenvalue, operator_norm
from surefit_checker.statements.linear_path import linear_path
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.two_layer import applies
from surefit_checker.verdict import InvalidError, RefusedError
from surefit_checker.whitened import Metric, metric
from surefit_checker.wording import above, below

KEYS = ["kind", "reach", "step_size"]
KEPT = 48  # eigenvectors of the squared inputs that are treated one by one
ROOM = 1.5  # a ball for a feature, over the way that it would go if nothing bent


def prove(problem: Problem, chain: Chain) -> tuple[str, dict[str, float]]:
    """The sentence proved, and its numbers."""
    statement = fields(problem.statement, KEYS, "statement")
    step, reach = real(statement, "step_size"), real(statement, "reach")
    if not (step > 0 and reach > 0) or problem.loss != "squared":
        raise InvalidError("`step_size` and `reach` must be positive, the loss squared")
    network, numbers = problem.network, chain.numbers
    layers = network.layers
    if network.shape[1] != 1 or not applies(layers) or None in (layers[0].slot, layers[1].slot):
        raise InvalidError(
            "this statement is about two dense layers, both trained, with a smooth activation "
            "and one output"
        )
    space = metric(network.kernel().ball())
    scaled = 2 * arb(problem.scale) * arb(step)  # the step on half the square
    least, most = (arb(float(space.d[i])) for i in (0, -1))
    residual = network.residual.ball()
    numbers |= {
        "residual_norm": float(norm(residual.mag())),
        "sigma_min": float_down(((1 - arb(space.error)) * least).sqrt()),
        "jacobian_norm": float_up(((1 + arb(space.error)) * most).sqrt()),
    }
    chain.at_most("step * largest eigenvalue <= 1", scaled * most, arb(1))
    path = linear_path(space.d, scaled)
    numbers |= {"linear_path_length": path.length(space, residual), "constant": path.largest()}
    moves, radii, bends = _features(network, space, reach)
    numbers |= {"whitened_lipschitz": float(np.max(bends))}
    length, phi, slope = _majorise(space.error, chain)
    going = (length / (1 - phi)).upper()
    farthest = up(up(moves + bends * radii, 2) * float_up(going) / radii, 3)
    chain.at_most(
        "features stay where their curvature is known", arb(float(farthest.max())), arb(1)
    )
    rate = (slope * (1 - phi) * least).lower()
    numbers |= {
        "path_length": float_up(length),
        "rate": float_down(rate),
        "feature_movement": float(
            np.max(up(moves + bends * radii, 2)) * float_up(going) * (1 + 1e-15)
        ),
    }
    sentence = (
        f"Gradient descent on the loss with step size {step!r} from the saved weights converges to "
        f"weights with zero loss: its path is no longer than {above(numbers['path_length'])}, no "
        f"hidden feature with its output weight moves by more than "
        f"{above(numbers['feature_movement'])}, and after k steps the norm of the residual, now at "
        f"most {above(numbers['residual_norm'])}, is at most "
        f"{above(float_up(most.sqrt() * arb(numbers['linear_path_length'])))} "
        f"(1 - {below(float_down(scaled * rate))})^k."
    )
    return sentence, numbers


def _features(network: Network, space: Metric, reach: float):
    """For every feature: its block of the Jacobian, the radius of its ball, the curvature there."""
    hidden, out = network.layers
    a = hidden.activation
    u = hidden.patches.ball()[:, 0]
    d1, d2 = hidden.d1.ball()[:, 0], hidden.d2.ball()[:, 0]
    s = up(out.factor * out.gain * hidden.gain, 3)
    v = out.weights.ball()[0].mag()[0]
    m, sigma = len(v), float_down(arb(float(space.d[0])).sqrt())
    slopes = up(s * space.feature_norms(d1, u), 1)
    features = up(space.column_norms(out.patches.ball()[:, 0, :m]) * out.gain, 1)
    moves = norm(np.stack([features, up(v * slopes, 1)]), 0)
    radii = ROOM * reach * moves
    gram = u @ u.T
    square = gram * gram
    values, vectors = np.linalg.eigh(square.mid)
    top = vectors[:, -KEPT:] * np.sqrt(np.maximum(values[-KEPT:], 0.0))
    rest = max(-least_eigenvalue(-(square - Ball(top) @ Ball(top.T))), 0.0)
    largest = max(-least_eigenvalue(-square), 0.0)
    bent = space.feature_norms(d2, Ball(top))
    beyond = up(np.max(d2.mag(), 0) * np.sqrt(rest) / sigma, 5)
    bent = norm(np.stack([bent, beyond]), 0)
    # Within the ball: the derivatives change by no more than the next one times the way.
    dev = up(norm(u.mag(), 1)[:, None] * radii, 1)
    swing = np.max(up(np.minimum(a.bend, up(d2.mag() + a.third * dev, 2)) * dev, 1), 0)
    jerk = np.max(up(a.third * dev, 1), 0)
    one = up(s * (v + radii) * up(bent + jerk * np.sqrt(largest) / sigma, 6), 4)
    two = up(slopes + s * swing * operator_norm(u) / sigma, 6)
    return moves, radii, up(0.5 * (one + np.sqrt(up(one * one + 4.0 * two * two, 4))), 4)


def _majorise(error: float, chain: Chain) -> tuple[arb, arb, arb]:
    r"""A bound of the path, $\varphi$ there, and the slope of $\Psi$ there."""
    length, c, bend = (
        arb(chain.numbers[name])
        for name in ("linear_path_length", "constant", "whitened_lipschitz")
    )
    start = arb(error)

    def rise(x: arb) -> arb:
        return (1 + c) * ((1 + x) / (1 + start)).log() - c * (x - start) * (1 + (x + start) / 2)

    end = ((1 + 1 / c).sqrt() - 1).lower()
    chain.at_most("error of the whitened kernel < its limit", start, end, strict=True)
    chain.at_most(
        "whitened lipschitz * linear path length < limit", bend * length, rise(end), strict=True
    )
    low, high = start, end
    for _ in range(60):
        middle = ((low + high) / 2).mid()
        low, high = (low, middle) if rise(middle) > bend * length else (middle, high)
    slope = (1 - c * high) / (1 + high) - c * high
    if not (rise(high) >= bend * length and slope > 0):
        raise RefusedError("the majorant has no root")
    return ((high - start) / bend).upper(), high, slope
