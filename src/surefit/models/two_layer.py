"""The two-layer network of the classical convergence theorems."""

from __future__ import annotations

from surefit.activations import Activation, Relu
from surefit.layers import Antisymmetric, Dense, Layer, Serial

__all__ = ["two_layer"]


def two_layer(
    width: int = 512,
    activation: Activation | None = None,
    weight_std: float = 1.0,
    antisymmetric: bool = False,
) -> Layer:
    r"""$f(x) = \frac{1}{\sqrt m}\sum_r a_r\,\phi(w_r^\top x)$, only the $w_r$ trained.

    $w_r \sim N(0, \kappa^2 I)$, $a_r = \pm 1$ with equal probability and fixed.

    Args:
        width: $m$; even if antisymmetric.
        activation: $\phi$; None: ReLU.
        weight_std: $\kappa$.
        antisymmetric: start at zero output.

    References:
        Du, Zhai, Poczos, Singh (2019), section 3.1; Arora et al. (2019), section 3.
    """
    network = Serial(
        Dense(width, weight_std=weight_std, parameterisation="unscaled"),
        activation if activation is not None else Relu(),
        Dense(1, distribution="rademacher", trained=False),
    )
    return Antisymmetric(network) if antisymmetric else network
