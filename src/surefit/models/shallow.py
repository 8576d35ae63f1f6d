"""Two-layer networks with both layers trained."""

from __future__ import annotations

from surefit.activations import Activation
from surefit.core.layer import Layer
from surefit.layers.dense import Parameterisation
from surefit.models.multilayer import multilayer

__all__ = ["shallow"]


def shallow(
    width: int = 512,
    outputs: int = 1,
    activation: Activation | None = None,
    weight_std: float = 1.0,
    parameterisation: Parameterisation = "ntk",
    antisymmetric: bool = True,
) -> Layer:
    r"""$f(x) = \frac{1}{\sqrt m}\sum_j a_j\,\phi(w_j^\top x)$, all weights trained.

    $w_j \sim N(0, \sigma_w^2 I)$ on inputs of unit norm, $a_j \sim N(0, 1)$.

    Args:
        width: $m$; even if antisymmetric.
        outputs: number of outputs.
        activation: $\phi$; None: tanh.
        weight_std: $\sigma_w$, the standard deviation of a pre-activation for an input of unit
            norm. A wide start (4) conditions the tangent kernel of a smooth activation far better
            than 1.
        parameterisation: of the output layer; the formula above is `ntk`.
        antisymmetric: start at zero output.

    References:
        Jacot, Gabriel, Hongler (2018); Bartlett, Montanari, Rakhlin (2021), section 5.
    """
    return multilayer(width, 1, outputs, activation, weight_std, parameterisation, antisymmetric)
