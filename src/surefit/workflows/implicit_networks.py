"""From a spec to an implicit network: which fields it has, and what they mean there."""

from __future__ import annotations

from surefit import models
from surefit.activations import Activation, Relu
from surefit.core.layer import Layer
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.layers import Centred
from surefit.runs import CertifySpec

__all__ = ["IMPLICIT", "IMPLICIT_INITS", "build_implicit"]

IMPLICIT_INITS = {
    "gaussian": "weights of mean 0 and variance 1 before scaling, normally distributed",
    "rademacher": "random signs, for `implicit`",
    "uniform": "uniform on an interval, for `implicit`",
    "non_negative": "`implicit`, inside the equilibrium: absolute values of Gaussians",
}

IMPLICIT = {
    "implicit": "infinitely many ReLU layers of equal weights behind one layer (Gao et al. 2022)",
    "implicit_linear": "the same with inputs that enter linearly, and any activation",
    "ling": "the ReLU network of Ling et al. (2023), inputs of norm sqrt(d)",
}


def build_implicit(spec: CertifySpec, outputs: int, activation: Activation, inputs: int) -> Layer:
    """The implicit network that a spec describes.

    Raises:
        InvalidInputError: a field has a value that this network does not know.
    """
    _require_suitable(spec, outputs, activation)
    network = _BUILD[spec.network](spec, outputs, activation, inputs)
    return Centred(network) if spec.antisymmetric else network


def _implicit(spec: CertifySpec, outputs: int, activation: Activation, inputs: int) -> Layer:
    inside_only = spec.init == "non_negative"
    return models.implicit_relu(
        spec.width,
        spec.gamma,
        skip=spec.skip,
        distribution="gaussian" if inside_only else spec.init,
        implicit_distribution="non_negative" if inside_only else None,
        trained=spec.trained,
        output_scale=spec.output_scale,
    )


def _implicit_linear(spec: CertifySpec, outputs: int, activation: Activation, inputs: int) -> Layer:
    return models.implicit_linear(
        spec.width,
        spec.gamma,
        outputs=outputs,
        activation=activation,
        input_std=1.0 if spec.weight_std is None else spec.weight_std,
        unit_inputs=inputs,
    )


def _ling(spec: CertifySpec, outputs: int, activation: Activation, inputs: int) -> Layer:
    return models.ling(spec.width, spec.gamma**2 / 2.0, output_scale=spec.output_scale)


_BUILD = {"implicit": _implicit, "implicit_linear": _implicit_linear, "ling": _ling}


def _require_suitable(spec: CertifySpec, outputs: int, activation: Activation) -> None:
    name = spec.network
    inits = list(IMPLICIT_INITS) if name == "implicit" else ["gaussian"]
    if spec.init not in inits:
        raise UnknownNameError(f"init of network {name!r}", spec.init, inits)
    if spec.depth != 1:
        raise InvalidInputError(
            f"`depth` must be 1 for network {name!r}. Got {spec.depth}. An equilibrium is a "
            "network of infinitely many layers already. Leave depth out, or use --network "
            "multilayer."
        )
    if name == "implicit_linear":
        return
    if not isinstance(activation, Relu):
        raise InvalidInputError(
            f"`activation` must be relu for network {name!r}. Got {spec.activation!r}. Its theory "
            "is about the rectifier. Leave activation out, or use --network implicit_linear, which "
            "takes any."
        )
    if spec.weight_std is not None:
        raise InvalidInputError(
            f"`weight_std` must be left out for network {name!r}. Got {spec.weight_std:g}. The "
            "paper fixes the first layer; `gamma` is the size of the weights inside the "
            "equilibrium. Use gamma, or output_scale for a smaller initial output."
        )
    if outputs != 1:
        raise InvalidInputError(
            f"network {name!r} must have one output. Got {outputs} from the labels. The theorems "
            "about it are for one number per sample. Choose two classes, or --network "
            "implicit_linear."
        )
