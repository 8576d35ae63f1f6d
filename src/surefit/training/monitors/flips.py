"""How many activations have changed sides."""

from __future__ import annotations

import dataclasses

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import activity_flops
from surefit.training.features import feature_count
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.view import View

__all__ = ["Flips"]


@dataclasses.dataclass(frozen=True)
class Flips(Monitor):
    r"""The share of pre-activations whose sign differs from the start.

    With $z$ what flows into an activation, the share of $[z > 0] \ne [z_0 > 0]$ over all samples
    and all units of all layers.
    """

    title = "activation flips"
    standard = True

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The network must be made of layers with activations among them."""
        return preactivations_obstacle(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass, shared by all that look at features."""
        return activity_flops(problem, params, feature_count(problem, params))

    def start(self, view: View) -> list[Bool[Array, "n ..."]]:
        """The signs at the start."""
        return [z > 0.0 for z in view.preactivations]

    def measure(self, carry: list[Bool[Array, "n ..."]], view: View) -> Float[Array, ""]:
        """Between 0 and 1."""
        changed = [
            jnp.sum((z > 0.0) != was, dtype=z.dtype)
            for z, was in zip(view.preactivations, carry, strict=True)
        ]
        return sum(changed) / float(sum(was.size for was in carry))
