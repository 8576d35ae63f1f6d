"""From the names in a spec to a network."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from surefit import models
from surefit.activations import Activation, Relu, parse_activation
from surefit.core.layer import Layer, Shape
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Antisymmetric
from surefit.runs import CertifySpec
from surefit.workflows.deep_networks import DEEP, build_deep
from surefit.workflows.implicit_networks import IMPLICIT, build_implicit

__all__ = ["FAMILY", "INITS", "NETWORKS", "build_network"]

# Name -> (parameterisation, standard deviation of a first-layer pre-activation at unit norm).
INITS: dict[str, tuple[str, float]] = {
    "wide": ("ntk", 4.0),
    "ntk": ("ntk", 1.0),
    "standard": ("standard", 1.0),
    "mean_field": ("mean_field", 1.0),
}

# Starts of `shallow` without factors in front of its layers. The start that the paper calls NTK,
# omega_1 = 1 and omega_2 = 1 / sqrt(d_1), is `standard`: `ntk` is the parameterisation.
FAMILY: dict[str, str] = {
    "he": "`shallow` without factors, omega_1 = sqrt(2 / d_0), omega_2 = sqrt(2 / d_1)",
    "lecun": "`shallow` without factors, omega_1 = 1 / sqrt(d_0), omega_2 = 1 / sqrt(d_1)",
    "song": "`shallow` without factors, omega_1 = 1, omega_2 = 1 / sqrt(d_0 d_1)",
}


def _require_one_hidden_layer(spec: CertifySpec) -> None:
    if spec.depth != 1:
        raise InvalidInputError(
            f"`depth` must be 1 for network {spec.network!r}. Got {spec.depth}. It has one hidden "
            "layer. Use --network multilayer for more."
        )


def _shallow(spec: CertifySpec, outputs: int, activation: Activation, options: Any) -> Layer:
    _require_one_hidden_layer(spec)
    return models.shallow(spec.width, outputs, activation, **options)


def _multilayer(spec: CertifySpec, outputs: int, activation: Activation, options: Any) -> Layer:
    options["zero_start"] = options.pop("antisymmetric")
    return models.multilayer(spec.width, spec.depth, outputs, activation, **options)


def _two_layer(spec: CertifySpec, outputs: int, activation: Activation, options: Any) -> Layer:
    _require_one_hidden_layer(spec)
    if outputs != 1:
        raise InvalidInputError(
            f"network 'two_layer' must have one output. Got {outputs} from the labels. Its output "
            "weights are fixed signs, as in Du et al. (2019). Choose two classes, or --network "
            "shallow."
        )
    return models.two_layer(
        spec.width, activation, options["weight_std"], antisymmetric=spec.antisymmetric
    )


def _family(spec: CertifySpec, outputs: int, activation: Activation, inputs: int) -> Layer:
    if spec.network != "shallow":
        raise InvalidInputError(
            f"`init` must be one of {', '.join(INITS)} for network {spec.network!r}. Got "
            f"{spec.init!r}. That start is one of a network with one hidden layer, both layers "
            "trained. Choose another one, or --network shallow."
        )
    _require_one_hidden_layer(spec)
    if spec.weight_std is not None:
        raise InvalidInputError(
            f"`weight_std` must be left out for init {spec.init!r}. Got {spec.weight_std:g}. The "
            "start fixes the scales of both layers. Leave weight_std out, or use --init standard."
        )
    network = models.shallow_family(spec.width, inputs, outputs, activation, spec.init)
    return Antisymmetric(network) if spec.antisymmetric else network


NETWORKS: dict[str, tuple[Callable[..., Layer], str]] = {
    "shallow": (_shallow, "one hidden layer, both layers trained"),
    "two_layer": (_two_layer, "one hidden layer, output weights fixed at random signs"),
    "multilayer": (_multilayer, "`depth` hidden layers, all trained"),
}


def build_network(
    spec: CertifySpec, outputs: int, inputs: int = 1, shape: Shape | None = None
) -> Layer:
    """The network that a spec describes, for `outputs` outputs and `inputs` numbers per example.

    Args:
        spec: what was asked.
        outputs: numbers per example that it computes.
        inputs: numbers per example that it sees.
        shape: of an example, where it is an image; None: a vector.

    Raises:
        InvalidInputError: a name is unknown or two fields contradict each other.
    """
    if spec.network in IMPLICIT:
        return build_implicit(spec, outputs, parse_activation(spec.activation), inputs)
    if spec.network in DEEP:
        own = (inputs,) if shape is None else shape
        return build_deep(spec, outputs, parse_activation(spec.activation), own)
    if spec.network not in NETWORKS:
        raise UnknownNameError("network", spec.network, [*NETWORKS, *IMPLICIT, *DEEP])
    if spec.init in FAMILY:
        return _family(spec, outputs, parse_activation(spec.activation), inputs)
    if spec.init not in INITS:
        raise UnknownNameError("init", spec.init, [*INITS, *FAMILY])
    parameterisation, weight_std = INITS[spec.init]
    if spec.network == "two_layer" and isinstance(parse_activation(spec.activation), Relu):
        weight_std = 1.0  # a positive factor moves through a ReLU; the papers use 1
    options = {
        "weight_std": weight_std if spec.weight_std is None else spec.weight_std,
        "parameterisation": parameterisation,
        "antisymmetric": spec.antisymmetric,
    }
    build, _ = NETWORKS[spec.network]
    return build(spec, outputs, parse_activation(spec.activation), options)
