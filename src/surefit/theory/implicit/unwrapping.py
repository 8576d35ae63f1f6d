"""A network as a chain of layers, compositions taken apart but branches kept."""

from __future__ import annotations

from surefit.core.layer import Layer, Params
from surefit.layers import Centred, Serial

__all__ = ["Chain", "chain"]

Chain = tuple[tuple[Layer, Params], ...]


def chain(network: Layer, params: Params) -> Chain:
    """The layers that follow one another, each with its parameters.

    `Serial` inside `Serial` is flattened. `Centred` is taken off: outputs measured from their
    values at the start are a shift of the targets, and no theorem about residuals sees it.
    """
    if isinstance(network, Centred):
        return chain(network.network, params["network"])
    if isinstance(network, Serial):
        pairs = zip(network.layers, params, strict=True)
        return tuple(link for layer, own in pairs for link in chain(layer, own))
    return ((network, params),)
