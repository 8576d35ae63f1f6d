"""How many activations of every layer have changed sides."""

from __future__ import annotations

import dataclasses

from jaxtyping import Array, Bool, Float

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.training.costs import activity_flops
from surefit.training.features import activation_labels, feature_count
from surefit.training.flips import largest_shares, signs
from surefit.training.monitor import Monitor
from surefit.training.preactivations import preactivations_obstacle
from surefit.training.view import View

__all__ = ["FlipsPerLayer"]


@dataclasses.dataclass(frozen=True)
class FlipsPerLayer(Monitor):
    r"""The largest share of a sample's activations that changed sides since the start, per layer.

    $\max_i\|D_{i,\ell} - D_{i,\ell,0}\|_0/m$, $D_{i,\ell} = \operatorname{diag}[g_{i,\ell} > 0]$.
    The mean over samples and layers is `flips`.

    References:
        Allen-Zhu, Li, Song (2019), Lemma 8.2.
    """

    title = "activation flips, per layer"

    def obstacle(self, problem: Problem, params: Params) -> str | None:
        """The network must be made of layers with activations among them."""
        return preactivations_obstacle(problem, params)

    def labels(self, problem: Problem, params: Params) -> tuple[str, ...]:
        """The activations in the order of evaluation."""
        return activation_labels(problem, params)

    def flops(self, problem: Problem, params: Params) -> float:
        """A forward pass, shared by all that look at features."""
        return activity_flops(problem, params, feature_count(problem, params))

    def start(self, view: View) -> list[Bool[Array, "n ..."]]:
        """The signs at the start."""
        return signs(view)

    def measure(self, carry: list[Bool[Array, "n ..."]], view: View) -> Float[Array, " layers"]:
        """Between 0 and 1."""
        return largest_shares(carry, view)
