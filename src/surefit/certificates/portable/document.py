"""A certificate as a document and the arrays that it names."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np

from surefit.certificates.portable.layers import Writer
from surefit.certificates.portable.parts import Part, flat_parts, split_inputs
from surefit.certificates.portable.unportable import Unportable
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.layers import Centred
from surefit.losses import CrossEntropy, Logistic, MeanCrossEntropy, MeanLogistic
from surefit.problem import Problem

__all__ = ["Statement", "described", "portable"]

FORMAT, VERSION = "surefit-certificate", 1


@dataclasses.dataclass(frozen=True)
class Statement:
    """What is claimed: the proposals that a checker starts from.

    Args:
        kind: `descent`, `flow`, `floor` (descent with errors) or `equilibria`.
        rho: the radius of the ball that the run is to stay in, or that the weights are from.
        step_size: of descent on the problem's loss; of `descent` and `floor`.
        start_radius: how far from the saved weights the run may start; of `descent` and `flow`.
        steps: how many steps; of `floor`.
        error: how far a step may be off; of `floor`.
        arithmetic: `float64` if the checker is to bound what that is off; of `floor`.
    """

    kind: Literal["descent", "flow", "floor", "equilibria"]
    rho: float
    step_size: float | None = None
    start_radius: float = 0.0
    steps: int | None = None
    error: float | None = None
    arithmetic: Literal["any", "float64"] = "any"

    def written(self) -> dict[str, Any]:
        """As the format has it."""
        found: dict[str, Any] = {"kind": self.kind}
        for key in ("rho", *_KEYS[self.kind]):
            value = getattr(self, key)
            found[key] = value if key in _PLAIN else float(value).hex()
        return found


_KEYS = {
    "descent": ("step_size", "start_radius"),
    "flow": ("start_radius",),
    "floor": ("step_size", "steps", "error", "arithmetic"),
    "equilibria": (),
}
_PLAIN = ("steps", "arithmetic")


def portable(
    problem: Problem, params: Params, statement: Statement | Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document of docs/certificate-format.md, and its arrays.

    Args:
        problem: network, loss and data.
        params: the weights that the statement is about.
        statement: what is claimed, or the same as the format has it.

    Raises:
        Unportable: the format has no words for the network.
    """
    document, arrays = described(problem, params)
    written = statement.written() if isinstance(statement, Statement) else dict(statement)
    return {**document, "statement": written}, arrays


@float64
def described(problem: Problem, params: Params) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The document without its `statement`: what a statement can be about.

    Leading layers without parameters are applied to the inputs; a network that subtracts its
    output at the start gets that output as an array.

    Args:
        problem: network, loss and data.
        params: the weights.

    Raises:
        Unportable: the format has no words for the network.
    """
    network, offset = problem.network, None
    if isinstance(network, Centred):
        network = network.network
        offset = network.apply(params["anchor"], jnp.asarray(problem.x))
        params = params["network"]
    x, parts = split_inputs(
        flat_parts(Part(network, params, "params")), np.asarray(problem.x, np.float64)
    )
    writer = Writer(x.shape[1:])
    writer.write(parts)
    y = np.asarray(problem.y, np.float64)
    arrays = {"x": x, "y": y.reshape(len(y), -1), **writer.arrays}
    if offset is not None:
        arrays["offset"] = np.asarray(offset)
    arrays = {name: np.ascontiguousarray(array, "<f8") for name, array in arrays.items()}
    document = {
        "format": FORMAT,
        "version": VERSION,
        "loss": _loss(problem),
        "network": {
            "inputs": "x",
            "targets": "y",
            "offset": None if offset is None else "offset",
            "layers": writer.layers,
        },
        "arrays": {
            name: {
                "sha256": hashlib.sha256(array.tobytes()).hexdigest(),
                "shape": list(array.shape),
                "dtype": "float64",
            }
            for name, array in arrays.items()
        },
        "claims": {},
    }
    return document, arrays


def _loss(problem: Problem) -> dict[str, str]:
    scale = problem.loss.residual_scale(problem.samples)
    if scale is not None:
        return {"kind": "squared", "scale": float(scale).hex()}
    if isinstance(problem.loss, (CrossEntropy, Logistic)):  # of two classes: the same in one output
        return {"kind": "cross_entropy", "scale": (1.0).hex()}
    if isinstance(problem.loss, (MeanCrossEntropy, MeanLogistic)):
        return {"kind": "cross_entropy", "scale": (1.0 / problem.samples).hex()}
    raise Unportable(f"the loss {type(problem.loss).__name__}")
