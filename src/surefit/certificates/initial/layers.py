"""The two dense layers that Theorem 3 is evaluated for, as arrays."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.errors import InvalidInputError

__all__ = ["SMOOTH", "TwoLayers", "obstacle", "two_layers"]


@dataclasses.dataclass(frozen=True)
class _Smooth:
    """A function with bounds of the sizes of its second and third derivative."""

    function: Callable
    bend: float
    third: float


# By the names of the certificate format; the bounds are sharp up to the last digit.
SMOOTH = {
    "erf": _Smooth(jax.scipy.special.erf, 0.9679, 2.2568),
    "gelu": _Smooth(lambda z: jax.nn.gelu(z, approximate=False), 0.798, 0.78),
    "sigmoid": _Smooth(jax.nn.sigmoid, 0.0963, 0.125),
    "sin": _Smooth(jnp.sin, 1.0, 1.0),
    "softplus": _Smooth(jax.nn.softplus, 0.25, 0.0963),
    "tanh": _Smooth(jnp.tanh, 0.77, 2.0),
}
_SHIFTS = {"sigmoid": 0.5, "softplus": float(np.log(2.0))}


@dataclasses.dataclass(frozen=True)
class TwoLayers:
    r"""$f_i = s\sum_jv_j\phi(z_{ij})$, $z = UW^\top$, at the weights of a document.

    Args:
        u: scaled inputs, with the factor of the bias as last column.
        v: output weights.
        scale: s.
        h: $\phi$ at the pre-activations.
        d1: $\phi'$ there.
        d2: $\phi''$ there.
        bend: at least $\sup|\phi''|$.
        third: at least $\sup|\phi'''|$.
        neuron_norms: Euclidean norms of the hidden weights, one per neuron.
    """

    u: Float[np.ndarray, "n d"]
    v: Float[np.ndarray, " m"]
    scale: float
    h: Float[np.ndarray, "n m"]
    d1: Float[np.ndarray, "n m"]
    d2: Float[np.ndarray, "n m"]
    bend: float
    third: float
    neuron_norms: Float[np.ndarray, " m"]


def two_layers(document: dict[str, Any], arrays: dict[str, np.ndarray]) -> TwoLayers:
    """The layers of a document in the format of docs/certificate-format.md, evaluated.

    Raises:
        InvalidInputError: they are others than Theorem 3 is evaluated for.
    """
    network = document["network"]
    reason = obstacle(network["layers"], arrays[network["targets"]].shape[1])
    if reason:
        raise InvalidInputError(
            "`certify_at_start(problem=...)` must be about a network of two dense layers, both "
            f"trained, with one output and one of the activations {', '.join(SMOOTH)}. Got "
            f"{reason}. How fast J changes in the metric of its kernel is only bounded for these, "
            "feature by feature. Use `sf.Serial(sf.Dense(m), sf.Tanh(), sf.Dense(1))`, or train "
            "first and use `certify`."
        )
    hidden, out = network["layers"]
    u, w = float.fromhex(hidden["factor"]) * arrays[network["inputs"]], arrays[hidden["weights"]]
    if hidden["bias"] is not None:
        b = arrays[hidden["bias"]["values"]]
        ones = np.full((len(u), 1), float.fromhex(hidden["bias"]["factor"]))
        u, w = np.concatenate([u, ones], 1), np.concatenate([w, b[:, None]], 1)
    own = hidden["activation"]
    smooth = SMOOTH[own["name"]]
    z = jnp.asarray(u @ w.T)
    functions = (smooth.function, jax.grad(smooth.function), jax.grad(jax.grad(smooth.function)))
    h, d1, d2 = (np.asarray(jax.vmap(jax.vmap(one))(z)) for one in functions)
    gains = [float.fromhex(one) for one in (hidden["gain"], out["gain"], out["factor"])]
    return TwoLayers(
        u=u,
        v=arrays[out["weights"]][0],
        scale=float(np.prod(gains)),
        h=h - (_SHIFTS[own["name"]] if own.get("shifted") else 0.0),
        d1=d1,
        d2=d2,
        bend=smooth.bend,
        third=smooth.third,
        neuron_norms=np.linalg.norm(w, axis=1),
    )


def obstacle(layers: list[dict[str, Any]], outputs: int) -> str:
    """What about the layers of a document Theorem 3 does not know; empty if it knows all."""
    kinds = [layer["type"] for layer in layers]
    if kinds != ["dense", "dense"]:
        return f"the layers {', '.join(kinds)}"
    hidden, out = layers
    name, last = hidden["activation"]["name"], out["activation"]["name"]
    skips = [float.fromhex(one[key]) for one in layers for key in ("skip_in", "skip_out")]
    found = {
        f"the activation {name}" + (", which has a kink" if "relu" in name else ""): (
            name not in SMOOTH
        ),
        f"{outputs} outputs": outputs != 1,
        f"an output layer with the activation {last}": last != "identity",
        "a layer that is not trained": not (hidden["trained"] and out["trained"]),
        "hidden biases that are not trained": bool(
            hidden["bias"] and not hidden["bias"]["trained"]
        ),
        "a skip connection": any(skips),
    }
    return next((reason for reason, present in found.items() if present), "")
