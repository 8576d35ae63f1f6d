"""Activations: one file each; every one stands in `Serial` as it is.

`surefit.activations.fast_arc_cosine` has the duals of ReLU and leaky ReLU as polynomials of the
correlation (`rectifier_pair`, `arc_cosine_pair`), for kernels that evaluate many of them.
"""

from __future__ import annotations

from surefit.activations.activation import Activation
from surefit.activations.catalogue import ACTIVATIONS, parse_activation
from surefit.activations.erf import Erf
from surefit.activations.gelu import Gelu
from surefit.activations.hermite import dual_error, hermite_coefficients
from surefit.activations.identity import Identity
from surefit.activations.leaky_relu import LeakyRelu
from surefit.activations.quadratic import Quadratic
from surefit.activations.relu import Relu
from surefit.activations.sigmoid import Sigmoid
from surefit.activations.sin import Sin
from surefit.activations.softplus import Softplus
from surefit.activations.tanh import Tanh

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Erf",
    "Gelu",
    "Identity",
    "LeakyRelu",
    "Quadratic",
    "Relu",
    "Sigmoid",
    "Sin",
    "Softplus",
    "Tanh",
    "dual_error",
    "hermite_coefficients",
    "parse_activation",
]


def __getattr__(name: str) -> type[Activation]:
    # A class of a file that is not listed above, found by the catalogue.
    if name[:1].isupper():
        for cls in ACTIVATIONS.entries().values():
            if cls.__name__ == name:
                return cls
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
