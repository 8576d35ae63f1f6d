"""What estimators that train a network of finite width have in common."""

from __future__ import annotations

import abc
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float64
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from surefit.certificates import certify
from surefit.core.certificate import Certificate
from surefit.core.check import Check
from surefit.core.layer import Layer, Params
from surefit.core.precision import float64
from surefit.core.prediction import Prediction
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import InvalidInputError, NumericalError
from surefit.estimators.sphere import SphereMap
from surefit.losses import Loss
from surefit.problem import Problem
from surefit.theory import Setting, assess
from surefit.training import train

__all__ = ["NetworkModel"]


class NetworkModel(BaseEstimator, abc.ABC):
    """A network trained by gradient descent until the loss is small, with the theory at hand.

    Subclasses have the parameters `method`, `max_iter`, `tol`, `random_state`, `verbose` and build
    a network with `_build`.
    """

    @abc.abstractmethod
    def _build(self, outputs: int) -> Layer:
        """The network for a number of outputs."""

    def _train(
        self, x: Float64[np.ndarray, "n d"], targets: Float64[np.ndarray, "n k"], loss: Loss
    ) -> None:
        """Map the inputs to the sphere, train, and keep what the fitted attributes need."""
        if not isinstance(self.max_iter, int | np.integer) or self.max_iter < 1:
            raise InvalidInputError(
                f"`{type(self).__name__}(max_iter=...)` must be a positive integer. Got "
                f"{self.max_iter!r}. It is how many steps are made at most. Use 5000."
            )
        if not 0.0 <= self.tol < 1.0:
            raise InvalidInputError(
                f"`{type(self).__name__}(tol=...)` must lie in [0, 1). Got {self.tol!r}. Training "
                "ends when the loss is this part of the loss at zero output. Use 1e-4."
            )
        self.sphere_ = SphereMap.of(x)
        self._seed = int(check_random_state(self.random_state).randint(2**31 - 1))
        problem = Problem(self._build(targets.shape[1]), self.sphere_(x), targets, loss)
        at_zero = _at_zero(problem)
        params, self.trajectory_ = train(
            problem,
            problem.init(self._seed),
            self.method,
            steps=self.max_iter,
            monitors=(),
            target_loss=self.tol * at_zero,
            seed=self._seed,
            progress=bool(self.verbose),
        )
        _require_sound(type(self).__name__, self.trajectory_)
        self.network_ = problem.network
        self.params_ = jax.tree.map(np.asarray, params)
        self.n_iter_ = int(self.trajectory_.steps)
        self.loss_curve_ = np.asarray(self.trajectory_["loss"].values)
        self.loss_ = float(self.loss_curve_[-1])
        self._data = self.sphere_(x), targets, loss

    def _outputs(self, X: Any) -> Float64[np.ndarray, "n k"]:
        """The trained network's outputs on new points."""
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return np.asarray(self.problem_.predict(self._weights(), self.sphere_(X)))

    @float64
    def _weights(self) -> Params:
        # Kept as NumPy arrays, which lose no digit when they are pickled in float32 mode.
        return jax.tree.map(jnp.asarray, self.params_)

    @property
    def problem_(self) -> Problem:
        """Network, loss and data as the theory sees them: the inputs on the sphere."""
        check_is_fitted(self)
        x, y, loss = self._data
        return Problem(self.network_, x, y, loss)

    def certificate(self) -> Certificate:
        """Whether descent from the weights reached goes on to zero loss; see `sf.certify`.

        Cost: the spectrum of the tangent kernel of all targets, $9(nk)^3$ operations.
        """
        return certify(self.problem_, self._weights(), step_size=self.trajectory_.step_size)

    def predictions(self) -> dict[str, Prediction]:
        """What every theorem says of the problem at its start, by name; see `sf.theory.assess`."""
        problem = self.problem_
        setting = Setting(
            problem,
            problem.init(self._seed),
            self.trajectory_.step_size,
            dynamics=self.trajectory_.method,
        )
        return assess(setting)

    def checks(self) -> dict[str, tuple[Check, ...]]:
        """The assumptions of every theorem, checked on the problem, by the theorem's name."""
        return {name: found.assumptions for name, found in self.predictions().items()}


@float64
def _at_zero(problem: Problem) -> float:
    """The loss of a network whose outputs are all zero."""
    return float(problem.loss(jnp.zeros_like(problem.y), problem.y))


def _require_sound(name: str, trajectory: Trajectory) -> None:
    if trajectory.status is Status.INTERRUPTED:
        raise KeyboardInterrupt
    if trajectory.status is Status.DIVERGED:
        raise NumericalError(
            f"`{name}.fit` must end with finite weights. Got a run that diverged: "
            f"{trajectory.message} Choose another method, or look at the data's outliers."
        )
