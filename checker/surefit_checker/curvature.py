"""The Lipschitz constant of the Jacobian on a ball around the saved weights."""

from __future__ import annotations

import numpy as np

from surefit_checker import two_layer
from surefit_checker.ball import up
from surefit_checker.network import Network
from surefit_checker.rows import Rows
from surefit_checker.spectrum import perron


def curvature(network: Network, rho: float) -> float:
    """An upper bound; the kernel must have been computed before.

    Raises:
        RefusedError: a pre-activation may reach a kink within rho.
    """
    if not two_layer.two_dense(network.layers):
        return chain_curvature(network, rho)
    hidden, out = network.layers
    if hidden.activation.kinked:  # refused where a sign may change
        hidden.first(Rows.zero(network.shape[0], network.parts, hidden.size), rho)
    return two_layer.curvature(hidden, out, rho)


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
