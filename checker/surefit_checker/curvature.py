r"""The Lipschitz constant of the Jacobian on a ball around the saved weights.

For chains of layers the layers bound their parts of the second derivative, pair by pair. For two
dense layers, $\Lambda \le \max_j\frac12(A_j + \sqrt{A_j^2 + 4B_j^2})$ with
$A_j = \lVert v_j\rVert\lambda_{\max}(D''_j(UU^\top)^{\circ2}D''_j)^{1/2}$ and
$B_j = \lVert D'_jU\rVert$ (docs/certificates/curvature.md): U is what the hidden weights are
multiplied with, $v_j$ are the weights behind feature j, with their factors.
"""

import numpy as np

from surefit_checker.ball import Ball, norm, up
from surefit_checker.layers.dense import Dense
from surefit_checker.network import Network
from surefit_checker.spectrum import operator_norm, operator_norms, perron, row_norms

SHARP = 256  # samples or inputs up to which every feature gets a sharp bound


def two_dense(layers: list) -> bool:
    """Whether a network consists of two dense layers, the last one linear."""
    plain = [type(one) is Dense and not (one.spec.skip_in or one.spec.skip_out) for one in layers]
    return plain == [True, True] and layers[1].activation.linear


def curvature(network: Network, rho: float) -> float:
    """An upper bound; the kernel must have been computed before.

    Raises:
        RefusedError: a pre-activation may reach a kink within rho.
    """
    if two_dense(network.layers):
        return _two_layer_curvature(*network.layers, rho)
    return chain_curvature(network, rho)


def chain_curvature(network: Network, rho: float) -> float:
    """The bound for chains of layers, whatever their number."""
    (samples, _), parts, layers = network.shape, network.parts, network.moving
    rows, entry = np.zeros((1 + samples, parts)), np.zeros((samples, layers[0].size))
    for layer in layers:
        rows, entry = layer.first(rows, entry, rho)
    q, rows = np.zeros((parts, parts)), np.zeros((1 + samples, parts))
    for layer in reversed(layers):
        rows = layer.second(rows, rho, q)
    return perron(up(0.5 * (q + q.T), 4 * len(network.layers) + 4))


def _two_layer_curvature(hidden: Dense, out: Dense, rho: float) -> float:
    """The bound for two dense layers, where no term couples two hidden features."""
    if hidden.slot is None:
        return 0.0  # linear in what is trained
    u = hidden.patches.ball()[:, 0]
    scale = up(out.spec.factor * out.spec.gain * hidden.spec.gain, 3)
    d1 = hidden.bend_on(up(row_norms(u) * rho, 1)[:, None, None])[:, 0]
    moves = float(out.slot is not None)
    v = up(norm(out.weights.mag()[0], 0) + moves * rho, 1)
    diagonal = up(scale * v * np.sqrt(_bent(u, hidden.bend[:, 0])), 6)
    slopes = moves * np.minimum(np.max(d1, 0) * operator_norm(u), _sloped(u, d1))
    return float(np.max(block_norms(diagonal, up(scale * slopes, 4))))


def block_norms(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Upper bounds of the norms of the matrices $\begin{pmatrix}0 & b\\b & a\end{pmatrix}$."""
    return up(0.5 * (a + np.sqrt(up(a * a + 4.0 * b * b, 4))), 4)


def _sloped(u: Ball, d1: np.ndarray) -> np.ndarray:
    r"""Bounds of $\lVert DU\rVert$, one per column of d1; infinite if too many numbers are needed.

    The norm grows with the sizes of the diagonal, so d1 stands for all smaller ones.
    """
    if min(u.shape) > SHARP:
        return np.full(d1.shape[1], np.inf)
    parts = np.array_split(d1.T[:, :, None], 1 + d1.size * u.shape[1] // 2**20)
    return np.concatenate([operator_norms(Ball(one) * u, SHARP) for one in parts])


def _bent(u: Ball, d2: np.ndarray, rounds: int = 30) -> np.ndarray:
    r"""Collatz-Wielandt bounds of $\lambda_{\max}(D(UU^\top)^{\circ2}D)$, one per column of d2."""
    square = up((u @ u.T).mag() ** 2, 2)
    w = np.ones(d2.shape)
    for _ in range(rounds):
        w = d2 * (square @ (d2 * w))
        w = np.maximum(w / np.maximum(np.max(w, 0), 1e-290), 1e-7)
    return np.max(up(d2 * (square @ (d2 * w)), len(square) + 4) / w * (1 + 1e-15), 0)
