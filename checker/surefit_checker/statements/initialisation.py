r"""Descent from weights that nobody trained converges: Theorem 3, by the length of the linear path.

For two dense layers with a smooth activation, one output, all weights trained; feature by feature
(docs/certificates/initialisation.md).
"""

import dataclasses

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, norm, up
from surefit_checker.curvature import block_norms, two_dense
from surefit_checker.linear_path import linear_path
from surefit_checker.network import Network
from surefit_checker.spectrum import largest_eigenvalues
from surefit_checker.statements.local import Problem
from surefit_checker.verdict import Chain, RefusedError, above, below, demand, float_down, float_up
from surefit_checker.whitened import Metric, metric

KEPT = 48  # eigenvectors of the squared inputs that are treated one by one
ROOM = 1.1  # a radius, over the way that weights would go if nothing bent


def prove(problem: Problem, chain: Chain) -> str:
    """The sentence proved."""
    network, numbers, layers = problem.network, chain.numbers, problem.network.layers
    demand(problem.loss.kind == "squared", "this statement is about squared losses")
    demand(
        network.shape[1] == 1
        and two_dense(layers)
        and network.parts == 2
        and not layers[0].activation.kinked,
        "this statement is about two dense layers, both trained, with a smooth activation and one "
        "output",
    )
    space = metric(network.kernel().ball())
    scaled = problem.step
    least, most = (arb(float(space.d[i])) for i in (0, -1))
    residual = network.residual.ball()
    chain.found(
        residual_norm=float(norm(residual.mag())),
        sigma_min=((1 - arb(space.error)) * least).sqrt(),
        jacobian_norm=((1 + arb(space.error)) * most).sqrt(),
    )
    chain.at_most("step * largest eigenvalue <= 1", scaled * most, arb(1))
    path = linear_path(space.d, scaled)
    chain.found(linear_path_length=path.length(space, residual), constant=path.largest())
    blocks = _blocks(network, space, problem.statement.reach)
    chain.found(whitened_lipschitz=float(np.max(blocks.bends)))
    length, phi, slope = _majorise(space.error, chain)
    moved = [up(speed * float_up(length / (1 - phi)), 1) for speed in blocks.speeds]
    for name, way, radius in zip(("output", "hidden"), moved, blocks.radii, strict=True):
        crowding = arb(float(np.max(up(way / radius, 1))))
        chain.at_most(f"{name} weights stay where the curvature is bounded", crowding, arb(1))
    rate = (slope * (1 - phi) * least).lower()
    chain.found(path_length=length, rate=rate)
    chain.found(output_movement=np.max(moved[0]), hidden_movement=np.max(moved[1]))
    size = most.sqrt() * arb(numbers["linear_path_length"])
    return (
        f"Gradient descent on the loss with step size {problem.statement.step_size!r} from the "
        f"saved weights converges to weights with zero loss: its path is no longer than "
        f"{above(length)}, the weights of a hidden feature move by no more than "
        f"{above(numbers['hidden_movement'])} and its output weight by no more than "
        f"{above(numbers['output_movement'])}, and after k steps the norm of the residual, now at "
        f"most {above(numbers['residual_norm'])}, is at most {above(size)} "
        f"(1 - {below(scaled * rate)})^k."
    )


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
    s = up(out.spec.factor * out.spec.gain * hidden.spec.gain, 3)
    v = out.weights.mag()[0, 0]
    features = space.column_norms(out.patches.ball()[:, 0, : len(v)])
    features = up(features * out.spec.gain, 1)
    slopes = space.feature_norms(d1, u)
    first = up(ROOM * reach * features, 2)
    second = up(ROOM * reach * up(v + first, 1) * up(s * slopes, 1), 3)
    # The rows x (x) x: their leading directions one by one, the rest by its norm.
    square = (u @ u.T) * (u @ u.T)
    values, vectors = np.linalg.eigh(square.mid)
    top = vectors[:, -KEPT:] * np.sqrt(np.maximum(values[-KEPT:], 0.0))
    rest = float(largest_eigenvalues(square - Ball(top) @ Ball(top.T)))
    sigma = float_down(arb(float(space.d[0])).sqrt())
    beyond = up(np.max(d2.mag(), 0) * np.sqrt(rest) / sigma, 5)
    bent = norm(np.stack([space.feature_norms(d2, Ball(top)), beyond]), 0)
    # What the third derivative adds on the way.
    whole = np.sqrt(float(largest_eigenvalues(square)))
    jerk = up(third * float(np.max(norm(u.mag(), 1))) * second * whole / sigma, 8)
    steep = up(s * up(slopes + second * up(bent + 0.5 * jerk, 2), 3), 2)
    curved = up(s * up(v + first, 1) * up(bent + jerk, 1), 3)
    return _Blocks(
        speeds=(up(features + steep * second, 2), up(up(v + first, 1) * steep, 2)),
        radii=(first, second),
        bends=block_norms(curved, steep),
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
