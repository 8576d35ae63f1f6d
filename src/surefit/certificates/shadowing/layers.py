"""The two dense layers that shadowing is known for, as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.errors import InvalidInputError

__all__ = ["SMOOTH", "Smooth", "TwoLayers", "obstacle", "two_layers"]


@dataclasses.dataclass(frozen=True)
class Smooth:
    """A smooth activation.

    Args:
        function: the function.
        slope: at least the supremum of its first derivative's size.
        bend: of its second derivative's.
    """

    function: Callable
    slope: float
    bend: float


# By the names of the certificate format; those whose rounding errors the checker knows.
SMOOTH = {
    "tanh": Smooth(jnp.tanh, 1.0, 0.77),
    "sin": Smooth(jnp.sin, 1.0, 1.0),
    "sigmoid": Smooth(jax.nn.sigmoid, 0.25, 0.0963),
    "softplus": Smooth(jax.nn.softplus, 1.0, 0.25),
}


@dataclasses.dataclass(frozen=True)
class TwoLayers:
    r"""$f = sV\phi(Wu) - $ offset, with $u$ the scaled inputs (and the factor of the bias).

    Args:
        u: inputs.
        y: targets plus offset.
        w: hidden weights, with the biases as last column.
        v: output weights.
        scale: s.
        shift: what is subtracted from the activation.
        name: of the activation.
        output_trained: whether V is trained.
        names: of the arrays of W, of its last column (if that is a bias) and of V.
    """

    u: Float[np.ndarray, "n d"]
    y: Float[np.ndarray, "n k"]
    w: Float[np.ndarray, "m d"]
    v: Float[np.ndarray, "k m"]
    scale: float
    shift: float
    name: str
    output_trained: bool
    names: tuple[str, str | None, str]


def two_layers(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> TwoLayers:
    """The layers of a document in the format of docs/certificate-format.md.

    Raises:
        InvalidInputError: they are others than shadowing is known for.
    """
    network = document["network"]
    layers = network["layers"]
    reason = obstacle(layers)
    if reason:
        raise InvalidInputError(
            "`shadow(problem=...)` must be about a network of two dense layers with a trained "
            f"hidden layer and one of the activations {', '.join(SMOOTH)}. Got {reason}. How much "
            "descent amplifies rounding errors is only bounded for these: the Hessian of their "
            "residual is block-diagonal over the hidden features. Use "
            "`sf.Serial(sf.Dense(m), sf.Tanh(), sf.Dense(1))`, or `certify` at trained weights."
        )
    hidden, out = layers
    factor = float.fromhex(hidden["factor"])
    u, w = factor * arrays[network["inputs"]], arrays[hidden["weights"]]
    if hidden["bias"] is not None:
        b = arrays[hidden["bias"]["values"]]
        ones = np.full((len(u), 1), float.fromhex(hidden["bias"]["factor"]))
        u, w = np.concatenate([u, ones], 1), np.concatenate([w, b[:, None]], 1)
    y = arrays[network["targets"]]
    if network["offset"] is not None:
        y = y + arrays[network["offset"]]
    gains = [float.fromhex(one) for one in (hidden["gain"], out["gain"], out["factor"])]
    name = hidden["activation"]["name"]
    shifts = {"sigmoid": 0.5, "softplus": float(np.log(2.0))}
    return TwoLayers(
        u=u,
        y=y,
        w=w,
        v=arrays[out["weights"]],
        scale=float(np.prod(gains)),
        shift=shifts[name] if hidden["activation"].get("shifted") else 0.0,
        name=name,
        output_trained=out["trained"],
        names=(hidden["weights"], hidden["bias"] and hidden["bias"]["values"], out["weights"]),
    )


def obstacle(layers: list[dict[str, Any]]) -> str:
    """What about the layers of a document is not known to shadowing; empty if all is."""
    kinds = [layer["type"] for layer in layers]
    if kinds != ["dense", "dense"]:
        return f"the layers {', '.join(kinds)}"
    hidden, out = layers
    name = hidden["activation"]["name"]
    if name not in SMOOTH:
        kinked = "a kink" if "relu" in name else "an activation that the checker cannot run"
        return f"{kinked} ({name})"
    if out["activation"]["name"] != "identity" or out["bias"] is not None:
        return "an output layer with a bias or an activation"
    if not hidden["trained"] or (hidden["bias"] and not hidden["bias"]["trained"]):
        return "hidden weights or biases that are not trained"
    if any(float.fromhex(one[key]) for one in layers for key in ("skip_in", "skip_out")):
        return "a skip connection"
    return ""
