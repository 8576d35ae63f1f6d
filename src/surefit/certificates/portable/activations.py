"""Activations by the names of the certificate format."""

from __future__ import annotations

from typing import Any

from surefit.activations import (
    Activation,
    Erf,
    Gelu,
    Identity,
    LeakyRelu,
    Quadratic,
    Relu,
    Sigmoid,
    Sin,
    Softplus,
    Tanh,
)
from surefit.certificates.portable.unportable import Unportable

__all__ = ["IDENTITY", "written_activation"]

IDENTITY = {"name": "identity"}

_PLAIN = {
    Erf: "erf",
    Gelu: "gelu",
    Identity: "identity",
    Quadratic: "quadratic",
    Relu: "relu",
    Sin: "sin",
    Tanh: "tanh",
}


def written_activation(activation: Activation) -> dict[str, Any]:
    """The activation as the format has it.

    Raises:
        Unportable: it is none of those of the format.
    """
    # By exact type: a subclass may compute something else.
    kind = type(activation)
    if kind in _PLAIN:
        return {"name": _PLAIN[kind]}
    if kind is LeakyRelu:
        return {"name": "leaky_relu", "slope": float(activation.slope).hex()}
    if kind in (Softplus, Sigmoid):
        return {"name": kind.__name__.lower(), "shifted": bool(activation.shifted)}
    raise Unportable(f"the activation {kind.__name__} is not part of the certificate format")
