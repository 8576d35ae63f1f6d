"""From a spec to a deep network of Allen-Zhu, Li and Song: which fields it has, what they mean."""

from __future__ import annotations

import math

from surefit import models
from surefit.activations import Activation, Relu
from surefit.core.layer import Layer, Shape
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.runs import CertifySpec

__all__ = ["DEEP", "DEEP_INITS", "build_deep", "image_shape"]

DEEP_INITS = {
    "allen_zhu": "`fc`, `cnn`, `resnet`: N(0, 2/m) hidden, N(0, 1/d) for d outputs, no factors",
}

DEEP = {
    "fc": "deep ReLU network, `depth` trained layers between two fixed ones (Allen-Zhu et al. "
    "2019)",
    "cnn": "the same with convolutions on a torus; `width` counts positions times channels",
    "resnet": "the same with residual branches, scaled by `tau`",
}


def build_deep(spec: CertifySpec, outputs: int, activation: Activation, shape: Shape) -> Layer:
    """The deep network that a spec describes.

    Args:
        spec: what was asked.
        outputs: numbers per sample that it computes.
        activation: must be ReLU.
        shape: of one example; for `cnn` with an axis of channels, see `image_shape`.

    Raises:
        InvalidInputError: a field has a value that this network does not know.
    """
    _require_suitable(spec, activation)
    return _BUILD[spec.network](spec, outputs, shape)


def image_shape(shape: Shape) -> Shape:
    """What `cnn` takes an example of this shape for: (positions along every axis, channels).

    Images without an axis of channels have one channel; a vector is a ring of its coordinates.
    """
    return shape if len(shape) == 3 else (*shape, 1)


def _fc(spec: CertifySpec, outputs: int, shape: Shape) -> Layer:
    return models.fully_connected(spec.width, spec.depth, outputs, zero_start=spec.antisymmetric)


def _resnet(spec: CertifySpec, outputs: int, shape: Shape) -> Layer:
    return models.residual(
        spec.width, spec.depth, outputs, tau=spec.tau, zero_start=spec.antisymmetric
    )


def _cnn(spec: CertifySpec, outputs: int, shape: Shape) -> Layer:
    space = tuple(shape[:-1])
    positions = math.prod(space)
    if spec.width % positions:
        below, above = (
            positions * round_(spec.width / positions) for round_ in (math.floor, math.ceil)
        )
        near = f"{below} or {above}" if below else str(above)
        raise InvalidInputError(
            f"`width` must be a multiple of {positions} for network 'cnn' on these data. Got "
            f"{spec.width}. It counts the features of a layer, as everywhere: examples have "
            f"{' x '.join(map(str, space))} positions, each with width / {positions} channels. "
            f"Write --width {near}."
        )
    return models.convolutional(
        space,
        spec.width // positions,
        spec.depth,
        outputs,
        window=spec.window,
        shared=spec.shared,
        bias_scale=spec.bias_scale or None,
        zero_start=spec.antisymmetric,
    )


_BUILD = {"fc": _fc, "cnn": _cnn, "resnet": _resnet}


def _require_suitable(spec: CertifySpec, activation: Activation) -> None:
    name = spec.network
    if spec.init not in DEEP_INITS:
        raise UnknownNameError(f"init of network {name!r}", spec.init, DEEP_INITS)
    if not isinstance(activation, Relu):
        raise InvalidInputError(
            f"`activation` must be relu for network {name!r}. Got {spec.activation!r}. Its theory "
            "is about the rectifier: only there do variances of 2/m keep the norms of features. "
            "Leave activation out, or use --network multilayer, which takes any."
        )
    if spec.weight_std is not None:
        raise InvalidInputError(
            f"`weight_std` must be left out for network {name!r}. Got {spec.weight_std:g}. The "
            "paper fixes the variances of all layers. Leave it out, or use --network multilayer."
        )
