r"""Descent from weights that nobody trained converges: Theorem 3, by the length of the linear path.

For two dense layers with a smooth activation, one output, all weights trained; feature by feature
(docs/certificates/initialisation.md).
"""

from __future__ import annotations

import dataclasses

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, float_down, float_up, norm, up
from surefit_checker.network import Network
from surefit_checker.reading import fields, real
from surefit_checker.spectrum import least_eigenvalue
from surefit_checker.statements.linear_path import linear_path
from surefit_checker.statements.local import Problem
from surefit_checker.statements.majorant import Chain
from surefit_checker.two_layer import applies
from surefit_checker.verdict import InvalidError, RefusedError
from surefit_checker.whitened import Metric, metric
from surefit_checker.wording import above, below

KEYS = ["kind", "reach", "step_size"]
KEPT = 48  # eigenvectors of the squared inputs that are treated one by one
ROOM = 1.1  # a radius, over the way that weights would go if nothing bent


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
    blocks = _blocks(network, space, reach)
    numbers |= {"whitened_lipschitz": float(np.max(blocks.bends))}
    length, phi, slope = _majorise(space.error, chain)
    moved = [up(speed * float_up(length / (1 - phi)), 1) for speed in blocks.speeds]
    for name, way, radius in zip(("output", "hidden"), moved, blocks.radii, strict=True):
        crowding = arb(float(np.max(up(way / radius, 1))))
        chain.at_most(f"{name} weights stay where the curvature is bounded", crowding, arb(1))
    rate = (slope * (1 - phi) * least).lower()
    numbers |= {
        "path_length": float_up(length),
        "rate": float_down(rate),
        "output_movement": float(np.max(moved[0])),
        "hidden_movement": float(np.max(moved[1])),
    }
    sentence = (
        f"Gradient descent on the loss with step size {step!r} from the saved weights converges to "
        f"weights with zero loss: its path is no longer than {above(numbers['path_length'])}, the "
        f"weights of a hidden feature move by no more than {above(numbers['hidden_movement'])} and "
        f"its output weight by no more than {above(numbers['output_movement'])}, and after k steps "
        f"the norm of the residual, now at most {above(numbers['residual_norm'])}, is at most "
        f"{above(float_up(most.sqrt() * arb(numbers['linear_path_length'])))} "
        f"(1 - {below(float_down(scaled * rate))})^k."
    )
    return sentence, numbers


@dataclasses.dataclass(frozen=True)
class _Blocks:
    """Of every feature: output weight and hidden weights, how fast they move and how far they may.

    Args:
        speeds: bounds of their columns of the whitened Jacobian, within the radii.
        radii: how far they may be from their start.
        bends: Lipschitz constant of the block's whitened Jacobian, within the radii.
    """

    speeds: tuple[np.ndarray, np.ndarray]
    radii: tuple[np.ndarray, np.ndarray]
    bends: np.ndarray


def _blocks(network: Network, space: Metric, reach: float) -> _Blocks:
    hidden, out = network.layers
    third = hidden.activation.third
    u = hidden.patches.ball()[:, 0]
    d1, d2 = hidden.d1.ball()[:, 0], hidden.d2.ball()[:, 0]
    s = up(out.factor * out.gain * hidden.gain, 3)
    v = out.weights.ball()[0].mag()[0]
    features = space.column_norms(out.patches.ball()[:, 0, : len(v)])
    features = up(features * out.gain, 1)
    slopes = space.feature_norms(d1, u)
    first = up(ROOM * reach * features, 2)
    second = up(ROOM * reach * up(v + first, 1) * up(s * slopes, 1), 3)
    # The rows x (x) x: their leading directions one by one, the rest by its norm.
    square = (u @ u.T) * (u @ u.T)
    values, vectors = np.linalg.eigh(square.mid)
    top = vectors[:, -KEPT:] * np.sqrt(np.maximum(values[-KEPT:], 0.0))
    rest = max(-least_eigenvalue(-(square - Ball(top) @ Ball(top.T))), 0.0)
    sigma = float_down(arb(float(space.d[0])).sqrt())
    beyond = up(np.max(d2.mag(), 0) * np.sqrt(rest) / sigma, 5)
    bent = norm(np.stack([space.feature_norms(d2, Ball(top)), beyond]), 0)
    # What the third derivative adds on the way.
    whole = np.sqrt(max(-least_eigenvalue(-square), 0.0))
    jerk = up(third * float(np.max(norm(u.mag(), 1))) * second * whole / sigma, 8)
    steep = up(s * up(slopes + second * up(bent + 0.5 * jerk, 2), 3), 2)
    curved = up(s * up(v + first, 1) * up(bent + jerk, 1), 3)
    return _Blocks(
        speeds=(up(features + steep * second, 2), up(up(v + first, 1) * steep, 2)),
        radii=(first, second),
        bends=up(0.5 * (curved + np.sqrt(up(curved * curved + 4.0 * steep * steep, 4))), 4),
    )


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
