r"""The Lipschitz constant of the Jacobian on a ball around the saved weights.

For chains of layers the layers bound their parts of the second derivative, pair by pair. For two
dense layers, $\Lambda \le \max_j\frac12(A_j + \sqrt{A_j^2 + 4B_j^2})$ with
$A_j = \lVert v_j\rVert\lambda_{\max}(D''_j(UU^\top)^{\circ2}D''_j)^{1/2}$ and
$B_j = \lVert D'_jU\rVert$ (docs/certificates/curvature.md): U is what the hidden weights are
multiplied with, $v_j$ are the weights behind feature j, with their factors.
"""

from __future__ import annotations

import numpy as np

from surefit_checker.ball import Ball, norm, up
from surefit_checker.layers import Affine
from surefit_checker.network import Network
from surefit_checker.rows import Rows
from surefit_checker.spectrum import operator_norm, operator_norms, perron, row_norms

SHARP = 256  # samples or inputs up to which every feature gets a sharp bound


def two_dense(layers: list) -> bool:
    """Whether a network consists of two dense layers, the last one linear."""
    return (
        len(layers) == 2
        and all(isinstance(one, Affine) and one.table is None for one in layers)
        and not any(one.spec.skip_in or one.spec.skip_out for one in layers)
        and layers[1].activation.linear
    )


def applies(layers: list) -> bool:
    """Whether the bound holds on every ball: with a kink it needs that no sign changes."""
    return two_dense(layers) and not layers[0].activation.kinked


def curvature(network: Network, rho: float) -> float:
    """An upper bound; the kernel must have been computed before.

    Raises:
        RefusedError: a pre-activation may reach a kink within rho.
    """
    if not two_dense(network.layers):
        return chain_curvature(network, rho)
    hidden, out = network.layers
    if hidden.activation.kinked:  # refused where a sign may change
        hidden.first(Rows.zero(network.shape[0], network.parts, hidden.size), rho)
    return _two_layer_curvature(hidden, out, rho)


def chain_curvature(network: Network, rho: float) -> float:
    """The bound for chains of layers, whatever their number."""
    (samples, _), parts, layers = network.shape, network.parts, network.moving
    rows = Rows.zero(samples, parts, layers[0].size)
    for layer in layers:
        rows = layer.first(rows, rho)
    q, rows = np.zeros((parts, parts)), Rows.zero(samples, parts)
    for layer in reversed(layers):
        rows = layer.second(rows, rho, q)
    return perron(up(0.5 * (q + q.T), 4 * len(network.layers) + 4))


def _two_layer_curvature(hidden: Affine, out: Affine, rho: float) -> float:
    """The bound for two dense layers, where no term couples two hidden features."""
    if hidden.slot is None:
        return 0.0  # linear in what is trained
    u, a = hidden.patches.ball()[:, 0], hidden.activation
    scale = up(out.spec.factor * out.spec.gain * hidden.spec.gain, 3)
    dev = up(row_norms(u) * rho, 1)[:, None]
    d1 = np.minimum(a.slope, up(hidden.d1.mag()[:, 0] + a.bend * dev, 2))
    d2 = np.minimum(a.bend, up(hidden.d2.mag()[:, 0] + a.third * dev, 2))
    v = norm(out.weights.mag()[0], 0) + (0.0 if out.slot is None else rho)
    diagonal = up(scale * up(v, 1) * np.sqrt(_bent(u, d2)), 6)
    if out.slot is None:
        return float(np.max(diagonal))
    slopes = np.minimum(np.max(d1, 0) * operator_norm(u), _sloped(u, d1))
    return float(np.max(block_norms(diagonal, up(scale * slopes, 4))))


def block_norms(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    r"""Upper bounds of the norms of the matrices $\begin{pmatrix}0 & b\\b & a\end{pmatrix}$."""
    return up(0.5 * (a + np.sqrt(up(a * a + 4.0 * b * b, 4))), 4)


def _sloped(u: Ball, d1: np.ndarray) -> np.ndarray:
    r"""Bounds of $\lVert DU\rVert$, one per column of d1; infinite if too many numbers are needed.

    The norm grows with the sizes of the diagonal, so d1 stands for all smaller ones.
    """
    found = np.full(d1.shape[1], np.inf)
    if min(u.shape) <= SHARP:
        chunk = max(1, 2**20 // u.mid.size)
        for start in range(0, len(found), chunk):
            scales = d1[:, start : start + chunk].T[:, :, None]
            found[start : start + chunk] = operator_norms(Ball(scales) * u, SHARP)
    return found


def _bent(u: Ball, d2: np.ndarray, rounds: int = 30) -> np.ndarray:
    r"""Collatz-Wielandt bounds of $\lambda_{\max}(D(UU^\top)^{\circ2}D)$, one per column of d2."""
    square = up((u @ u.T).mag() ** 2, 2)
    w = np.ones(d2.shape)
    for _ in range(rounds):
        w = d2 * (square @ (d2 * w))
        w = np.maximum(w / np.maximum(np.max(w, 0), 1e-290), 1e-7)
    return np.max(up(d2 * (square @ (d2 * w)), len(square) + 4) / w * (1 + 1e-15), 0)
