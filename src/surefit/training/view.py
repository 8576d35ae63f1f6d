"""What monitors look at: quantities of one moment, each computed at most once."""

from __future__ import annotations

import functools

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.tree import combine, difference
from surefit.equilibria import Located, equilibria
from surefit.problem import Problem
from surefit.training.evaluation import Evaluation, evaluate
from surefit.training.matrices import largest_norm
from surefit.training.preactivations import Pair, activity

__all__ = ["View"]


class View:
    """What monitors look at: quantities of one moment, each computed on first use and shared.

    Args:
        problem: network, loss and data.
        initial: the trained parameters at the start.
        moving: the trained parameters now.
        fixed: the parameters that are not trained.
        evaluation: loss and gradient now, where the method knows them already.
    """

    def __init__(
        self,
        problem: Problem,
        initial: Params,
        moving: Params,
        fixed: Params,
        evaluation: Evaluation | None = None,
    ) -> None:
        self.problem, self.initial, self.moving, self.fixed = problem, initial, moving, fixed
        self._known = evaluation

    @functools.cached_property
    def params(self) -> Params:
        """All parameters now."""
        return combine(self.moving, self.fixed)

    @functools.cached_property
    def movement(self) -> Params:
        """The trained parameters now, minus those at the start."""
        return difference(self.moving, self.initial)

    @functools.cached_property
    def evaluation(self) -> Evaluation:
        """Outputs, loss, squared residual and gradient now."""
        if self._known is not None:
            return self._known
        return evaluate(self.problem, self.moving, self.fixed)

    @property
    def outputs(self) -> Float[Array, "n k"]:
        """The network's outputs on the data."""
        return self.evaluation.outputs

    @property
    def residual(self) -> Float[Array, " nk"]:
        """Outputs minus targets, flattened."""
        return (self.outputs - self.problem.y).reshape(-1)

    @property
    def loss(self) -> Float[Array, ""]:
        """The objective."""
        return self.evaluation.loss

    @property
    def squared_residual(self) -> Float[Array, ""]:
        r"""$\|f - y\|^2$."""
        return self.evaluation.squared_residual

    @property
    def gradient(self) -> Params:
        """The gradient of the loss with respect to the trained parameters."""
        return self.evaluation.gradient

    @functools.cached_property
    def gram(self) -> Float[Array, "nk nk"]:
        """The empirical tangent kernel on the data."""
        return self.problem.gram(self.params)

    @functools.cached_property
    def gram_eigenvalues(self) -> Float[Array, " nk"]:
        """Its eigenvalues in ascending order."""
        return jnp.linalg.eigvalsh(self.gram)

    @functools.cached_property
    def activity(self) -> list[Pair]:
        """What flows into every activation of the network, and what comes out."""
        return activity(self.problem.network, self.params, self.problem.x)

    @property
    def preactivations(self) -> list[Float[Array, "n ..."]]:
        """What flows into every activation of the network."""
        return [z for z, _ in self.activity]

    @property
    def features(self) -> list[Float[Array, "n m"]]:
        """What comes out of every activation, one row per sample."""
        return [h.reshape(h.shape[0], -1) for _, h in self.activity]

    @functools.cached_property
    def movement_norm(self) -> Float[Array, ""]:
        r"""$\max_\ell\|W_\ell - W_{\ell,0}\|_2$ over the trained matrices."""
        return largest_norm(self.movement)

    @functools.cached_property
    def equilibria(self) -> tuple[Located, ...]:
        """The equilibria of the network with their inputs and states, solved from cold starts."""
        return equilibria(self.problem.network, self.params, self.problem.x)
