"""What a network is, to a curvature bound: two dense layers around an activation, or linear."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.core.layer import Layer, Params
from surefit.core.precision import as_float64, float64
from surefit.layers import Antisymmetric, Centred, Dense, Linearised, Serial
from surefit.problem import Problem

__all__ = ["TwoLayer", "linear_in_parameters", "two_layer_view"]


@dataclasses.dataclass(frozen=True)
class TwoLayer:
    r"""$f(x_i) = s\sum_j a_j\,\phi(\langle w_j, \tilde x_i\rangle) + \text{const}$ on the data.

    The scale of the first layer is part of $\tilde x$, and a first-layer bias is one more
    coordinate of $w_j$ with one more input column, so that Euclidean distances between parameters
    are those of the network itself. An output bias only shifts $f$.

    Args:
        inputs: $\tilde x_i$, one row per sample.
        weights: $w_j$, one row per hidden feature.
        output: $a_j$, one column per hidden feature, one row per output.
        scale: $s$.
        activation: $\phi$.
        hidden_trained: whether the $w_j$ (with their biases) are trained.
        output_trained: whether the $a_j$ (and the output bias) are trained.
    """

    inputs: Float[np.ndarray, "n D"]
    weights: Float[np.ndarray, "m D"]
    output: Float[np.ndarray, "k m"]
    scale: float
    activation: Activation
    hidden_trained: bool
    output_trained: bool

    @property
    def width(self) -> int:
        """The number m of hidden features."""
        return self.weights.shape[0]

    @property
    def preactivations(self) -> Float[np.ndarray, "n m"]:
        r"""$\langle w_j, \tilde x_i\rangle$."""
        return self.inputs @ self.weights.T

    @property
    def output_norms(self) -> Float[np.ndarray, " m"]:
        r"""$\lVert a_j\rVert_2$ over the outputs, one number per hidden feature."""
        return np.sqrt(np.sum(self.output**2, axis=0))


@float64
def two_layer_view(problem: Problem, params: Params) -> TwoLayer | None:
    """The network as two dense layers around an activation, or None where it is something else.

    `Antisymmetric` and `Centred` are looked through, nested `Serial`s are flattened, and layers
    without parameters in front of the first dense layer count as preprocessing of the inputs.
    The dense layers may have any parameterisation, biases, and be trained or not.

    Args:
        problem: network and data.
        params: its parameters.
    """
    parts = _parts(problem.network, as_float64(params))
    if parts is None:
        return None
    x: Any = problem.x
    while len(parts) > 3 and _is_preprocessing(*parts[0]):
        x, parts = parts[0][0].apply(parts[0][1], x), parts[1:]
    layers = [layer for layer, _ in parts]
    if not (
        len(parts) == 3
        and isinstance(layers[0], Dense)
        and isinstance(layers[1], Activation)
        and isinstance(layers[2], Dense)
    ):
        return None
    inputs, weights = _first(layers[0], parts[0][1], np.asarray(x, np.float64))
    return TwoLayer(
        inputs=inputs,
        weights=weights,
        output=np.asarray(parts[2][1]["w"], np.float64),
        scale=layers[2].scales(layers[0].features)[0],
        activation=layers[1],
        hidden_trained=layers[0].trained,
        output_trained=layers[2].trained,
    )


def linear_in_parameters(problem: Problem, params: Params) -> bool:
    """Whether the network is known to be affine in its trained parameters.

    That is so where only the last dense layer is trained (random features), of any depth, for
    linearised networks, and where nothing is trained.
    """
    if isinstance(problem.network, Linearised):
        return True
    parts = _parts(problem.network, params)
    if parts is None:
        return False
    moving = [
        position
        for position, (layer, own) in enumerate(parts)
        if any(jax.tree.leaves(layer.trainable(own)))
    ]
    last = len(parts) - 1
    return not moving or (moving == [last] and isinstance(parts[last][0], Dense))


def _first(
    layer: Dense, own: Params, x: Float[np.ndarray, "n d"]
) -> tuple[Float[np.ndarray, "n D"], Float[np.ndarray, "m D"]]:
    """Inputs and weights of the first layer with scale and bias absorbed."""
    scale, _, bias_scale, _ = layer.scales(x.shape[1])
    inputs, weights = scale * x, np.asarray(own["w"], np.float64)
    if layer.bias_std is not None:
        inputs = np.concatenate([inputs, np.full((len(x), 1), bias_scale)], axis=1)
        weights = np.concatenate([weights, np.asarray(own["b"], np.float64)[:, None]], axis=1)
    return inputs, weights


def _parts(layer: Layer, params: Params) -> list[tuple[Layer, Params]] | None:
    """The layers of a chain with their parameters; None where the network is no chain."""
    if isinstance(layer, Antisymmetric):
        return _parts(layer.network, params)
    if isinstance(layer, Centred):
        return _parts(layer.network, params["network"])
    if not isinstance(layer, Serial):
        return None
    found: list[tuple[Layer, Params]] = []
    for child, own in zip(layer.layers, params, strict=True):
        inner = _parts(child, own)
        found += [(child, own)] if inner is None else inner
    return found


def _is_preprocessing(layer: Layer, own: Params) -> bool:
    return not jax.tree.leaves(own) and not isinstance(layer, Activation)
