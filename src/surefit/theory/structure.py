"""What a network is made of: the questions that theorems ask about architecture and start."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.layers import Antisymmetric, Centred, Dense, Residual, Serial, Sum

__all__ = ["Structure", "TwoLayer", "structure_of"]


@dataclasses.dataclass(frozen=True, eq=False)
class TwoLayer:
    r"""$f(x) = s\sum_r a_r\,\phi(t\,w_r^\top x)$ with its parameters.

    Args:
        hidden: the layer of the $w_r$.
        activation: $\phi$.
        output: the layer of the $a_r$.
        hidden_params: parameters of `hidden`.
        output_params: parameters of `output`.
        inputs: $d$.
    """

    hidden: Dense
    activation: Activation
    output: Dense
    hidden_params: Params
    output_params: Params
    inputs: int

    @property
    def width(self) -> int:
        """$m$."""
        return self.hidden.features

    @property
    def hidden_scale(self) -> float:
        """$t$, what the weights are multiplied by."""
        return self.hidden.scales(self.inputs)[0]

    @property
    def weight_std(self) -> float:
        r"""$\kappa$, the standard deviation of an entry of $w_r$ at the start."""
        return self.hidden.scales(self.inputs)[1]

    @property
    def biased(self) -> bool:
        """Whether one of the layers has a bias."""
        return self.hidden.bias_std is not None or self.output.bias_std is not None

    @property
    def sign_defect(self) -> float:
        r"""$\max_r |\,|s\,a_r|\sqrt m - 1|$: 0 if all output weights are $\pm1/\sqrt m$."""
        scale = self.output.scales(self.width)[0]
        weights = np.abs(scale * np.asarray(self.output_params["w"]))
        return float(np.max(np.abs(weights * math.sqrt(self.width) - 1.0)))


@dataclasses.dataclass(frozen=True, eq=False)
class Structure:
    """The layers of a network in the order of evaluation, wrappers taken off.

    Args:
        layers: dense layers, activations and whatever else is not a composition.
        params: the parameters of each.
        sequential: whether they follow one another, without skip connections.
        antisymmetric: whether the last hidden features start in pairs that cancel.
        centred: whether the outputs are measured from their values at the start.
        inputs: coordinates of an example, or None if it is not a vector.
    """

    layers: tuple[Layer, ...]
    params: tuple[Params, ...]
    sequential: bool
    antisymmetric: bool
    centred: bool
    inputs: int | None

    @property
    def activations(self) -> tuple[Activation, ...]:
        """The activations in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Activation))

    @property
    def dense(self) -> tuple[Dense, ...]:
        """The dense layers in order."""
        return tuple(layer for layer in self.layers if isinstance(layer, Dense))

    @property
    def starts_at_zero(self) -> bool:
        """Whether the outputs at the start are exactly zero."""
        return self.antisymmetric or self.centred

    @property
    def fully_connected(self) -> bool:
        """Dense layers with activations between them and nothing else."""
        kinds = [isinstance(layer, Dense) for layer in self.layers]
        alternating = kinds == [i % 2 == 0 for i in range(len(kinds))] and len(kinds) % 2 == 1
        known = all(isinstance(layer, Dense | Activation) for layer in self.layers)
        return self.sequential and known and alternating and self.inputs is not None

    @property
    def hidden_widths(self) -> tuple[int, ...]:
        """Features of every dense layer but the last."""
        return tuple(layer.features for layer in self.dense[:-1])

    @property
    def width(self) -> int | None:
        """The smallest hidden width; None for a network without hidden dense layers."""
        return min(self.hidden_widths, default=None)

    @property
    def two_layer(self) -> TwoLayer | None:
        """The network as one hidden layer; None if it is something else."""
        if not self.fully_connected or len(self.dense) != 2:
            return None
        hidden, activation, output = self.layers
        return TwoLayer(hidden, activation, output, self.params[0], self.params[2], self.inputs)

    @property
    def smooth(self) -> bool:
        r"""Whether every activation has a bounded second derivative."""
        return all(math.isfinite(activation.smoothness) for activation in self.activations)


def structure_of(network: Layer, params: Params, input_shape: tuple[int, ...]) -> Structure:
    """Take a network apart.

    Args:
        network: any layer.
        params: its parameters.
        input_shape: shape of one example.
    """
    found: dict[str, Any] = {"sequential": True, "antisymmetric": False, "centred": False}
    layers: list[tuple[Layer, Params]] = []
    _collect(network, params, layers, found)
    return Structure(
        layers=tuple(layer for layer, _ in layers),
        params=tuple(own for _, own in layers),
        inputs=input_shape[0] if len(input_shape) == 1 else None,
        **found,
    )


def _collect(layer: Layer, params: Params, into: list, found: dict[str, Any]) -> None:
    if isinstance(layer, Serial):
        for child, own in zip(layer.layers, params, strict=True):
            _collect(child, own, into, found)
    elif isinstance(layer, Antisymmetric):
        found["antisymmetric"] = True
        _collect(layer.network, params, into, found)
    elif isinstance(layer, Centred):
        found["centred"] = True
        _collect(layer.network, params["network"], into, found)
    elif isinstance(layer, Sum):
        found["sequential"] = False
        for branch, own in zip(layer.branches, params, strict=True):
            _collect(branch, own, into, found)
    elif isinstance(layer, Residual):
        found["sequential"] = False
        _collect(layer.branch, params, into, found)
    else:
        into.append((layer, params))
