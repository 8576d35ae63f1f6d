"""Dense networks of any depth with all layers trained."""

from __future__ import annotations

from surefit.activations import Activation, Tanh
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError
from surefit.layers import Antisymmetric, Centred, Dense, Serial
from surefit.layers.dense import Parameterisation

__all__ = ["multilayer"]


def multilayer(
    width: int = 512,
    depth: int = 2,
    outputs: int = 1,
    activation: Activation | None = None,
    weight_std: float = 1.0,
    parameterisation: Parameterisation = "ntk",
    zero_start: bool = True,
) -> Layer:
    r"""`depth` hidden layers of equal width, no biases, all weights trained.

    The first layer takes inputs of unit norm without scaling, $z = W_1 x$ with entries of standard
    deviation $\sigma_w$; the others follow `parameterisation` with gain $\sigma_w$ in the hidden
    layers and 1 at the output.

    Args:
        width: hidden features per layer; even for one hidden layer with `zero_start`.
        depth: number of hidden layers, at least 1.
        outputs: number of outputs.
        activation: $\phi$; None: tanh.
        weight_std: $\sigma_w$.
        parameterisation: of all layers but the first.
        zero_start: start at zero output, with the kernel of the whole network: by `Antisymmetric`
            for one hidden layer, by `Centred` for more (mirrored features would cancel the
            gradients of all layers before them).

    Raises:
        InvalidInputError: `depth` is below 1, or the layers refuse their arguments.
    """
    if depth < 1:
        raise InvalidInputError(
            f"`multilayer(depth=...)` must be at least 1. Got {depth}. Without a hidden layer the "
            "network is linear; use `Serial(Dense(k))`."
        )
    activation = activation if activation is not None else Tanh()
    layers: list[Layer] = [Dense(width, weight_std, parameterisation="unscaled"), activation]
    for _ in range(depth - 1):
        layers += [Dense(width, weight_std, parameterisation=parameterisation), activation]
    network = Serial(*layers, Dense(outputs, parameterisation=parameterisation))
    if not zero_start:
        return network
    return Antisymmetric(network) if depth == 1 else Centred(network)
