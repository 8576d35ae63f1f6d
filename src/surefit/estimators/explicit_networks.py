"""The explicit and implicit networks that estimators train."""

from __future__ import annotations

from surefit import models
from surefit.activations import Activation, Relu, parse_activation
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.layers import Centred, Dense, Equilibrium, Serial

__all__ = ["explicit_network", "implicit_network"]


def explicit_network(
    width: int, depth: int, activation: str | Activation, weight_std: float, outputs: int
) -> Layer:
    """`depth` hidden layers of `width` features that start at zero output.

    Raises:
        InvalidInputError: `width` or `depth` does not suit.
        UnknownNameError: `activation` is in no catalogue.
    """
    phi = activation if isinstance(activation, Activation) else parse_activation(activation)
    return models.multilayer(width, depth, outputs, phi, weight_std)


def implicit_network(width: int, gamma: float, outputs: int) -> Layer:
    r"""$z = \phi(\frac{\gamma}{\sqrt m}Az + \phi(Wx))$ between two dense layers, zero output first.

    Raises:
        InvalidInputError: `gamma` or `width` is out of range.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), equations (1)-(4), with several outputs and without the
        skip term.
    """
    if not 0.0 < gamma < 0.5:
        raise InvalidInputError(
            f"`gamma` must lie strictly between 0 and 1/2. Got {gamma!r}. Below 1/2 the "
            "equilibrium exists for every input if the network is wide: the operator norm "
            "of its weights tends to 2 gamma. Use 0.3."
        )
    return Centred(
        Serial(
            Dense(width, parameterisation="unscaled"),
            Relu(),
            Equilibrium(width, Relu(), gamma),
            Dense(outputs),
        )
    )
