"""A trained network beside its prediction in function space."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, Literal

import jax
import numpy as np
from jaxtyping import Float64, Int64

from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.core.trajectory import Status, Trajectory
from surefit.errors import InvalidInputError
from surefit.function_space import FunctionSpace, at_infinite_width, linearised_at
from surefit.losses import HalfSquared
from surefit.problem import Problem
from surefit.training import GradientDescent, train
from surefit.training.progress import Listener

__all__ = ["Comparison", "compare_with_training"]


@dataclasses.dataclass(frozen=True, eq=False)
class Comparison:
    r"""A run of a network and what function space predicts for it.

    Args:
        steps: where both losses are known.
        measured: losses of the network, $\frac12\|f - y\|^2$.
        predicted: losses of the prediction.
        loss_deviation: the largest difference of the two over the loss at the start.
        train_deviation: $\|f - \hat f\|/\|y - f_0\|$ on the training points at the last step.
        test_deviation: the root mean square of $f - \hat f$ on the test points over that of
            $y - f_0$ on the training points; None where there are none.
        train: outputs of the network at the end.
        test: the same on the test points.
        step_size: the step.
        space: the prediction.
        run: what was measured.
        params: the trained weights.
    """

    steps: Int64[np.ndarray, " times"]
    measured: Float64[np.ndarray, " times"]
    predicted: Float64[np.ndarray, " times"]
    loss_deviation: float
    train_deviation: float
    test_deviation: float | None
    train: Float64[np.ndarray, "n k"]
    test: Float64[np.ndarray, "m k"] | None
    step_size: float
    space: FunctionSpace
    run: Trajectory
    params: Params

    @property
    def diverged(self) -> bool:
        """Whether the network left the finite numbers, which no kernel predicts."""
        return self.run.status is Status.DIVERGED


@float64
def compare_with_training(
    problem: Problem,
    params: Params,
    x_test: Any | None = None,
    *,
    kernel: Literal["limit", "empirical"] = "limit",
    space: FunctionSpace | None = None,
    steps: int = 200,
    step_size: float | None = None,
    progress: Listener | bool | None = None,
) -> Comparison:
    r"""Train a network by gradient descent and compare it with its prediction.

    The prediction starts at the outputs of this very network.

    Args:
        problem: network and data, with the loss $\frac12\|f - y\|^2$.
        params: the start.
        x_test: further inputs at which outputs are compared at the end; None: none.
        kernel: `limit` of infinite width, or `empirical`: the network linearised at `params`.
        space: kernels of the same points, if they are known already; its start is replaced.
        steps: how many steps to make.
        step_size: $\eta$; None: the smaller of the safe step sizes of network and prediction.
        progress: see `surefit.train`.

    Returns:
        Both runs and how far they are apart.

    Raises:
        InvalidInputError: the loss is another one, or the limit is not known.

    Cost: the training, and the decomposition of the kernel.

    References:
        Lee et al. (2019), arXiv 1902.06720, sections 2.2 and 3: deviations fall like
        $1/\sqrt m$ with the width.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(2048), sf.Relu(), sf.Dense(1))
        >>> problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> found = sf.workflows.compare_with_training(problem, problem.init(0), steps=30)
        >>> found.loss_deviation < 0.1
        True
    """
    if not isinstance(problem.loss, HalfSquared):
        raise InvalidInputError(
            "`compare_with_training(problem=...)` must have the loss `HalfSquared()`. Got "
            f"{problem.loss}. Times in function space are those of half the sum of squares. "
            "Leave the loss out of `Problem`."
        )
    space = _space(problem, params, x_test, kernel, space)
    if step_size is None:
        own = GradientDescent().settle(problem, params, steps).step_size
        step_size = min(float(own), space.safe_step_size)
    trained, run = train(
        problem, params, GradientDescent(step_size), steps=steps, monitors=[], progress=progress
    )
    losses = run["loss"]
    times = np.asarray(losses.times).astype(np.int64)
    measured = np.asarray(losses.values, np.float64)
    predicted = space.losses_after(times, step_size)
    end = space.after(int(run.steps), step_size)
    train_end = np.asarray(problem.predict(trained))
    test_end = None if x_test is None else np.asarray(problem.predict(trained, x_test))
    size = math.sqrt(2.0 * space.at(0.0).loss / problem.residuals) or 1.0
    start = float(predicted[0]) or 1.0
    return Comparison(
        steps=times,
        measured=measured,
        predicted=predicted,
        loss_deviation=float(np.max(np.abs(measured - predicted))) / start,
        train_deviation=_rms(train_end, end.train) / size,
        test_deviation=None if test_end is None else _rms(test_end, end.test) / size,
        train=train_end,
        test=test_end,
        step_size=step_size,
        space=space,
        run=run,
        # As NumPy arrays, which keep their digits in 32-bit mode too.
        params=jax.tree.map(np.asarray, trained),
    )


def _space(
    problem: Problem,
    params: Params,
    x_test: Any | None,
    kernel: str,
    space: FunctionSpace | None,
) -> FunctionSpace:
    if kernel == "empirical":
        return linearised_at(problem, params, x_test)
    if space is None:
        space = at_infinite_width(problem.network, problem.x, problem.y, x_test)
    return space.starting_at(
        np.asarray(problem.predict(params)),
        None if x_test is None else np.asarray(problem.predict(params, x_test)),
    )


def _rms(a: Float64[np.ndarray, "p k"], b: Float64[np.ndarray, "..."]) -> float:
    return math.sqrt(float(np.mean((a - b.reshape(a.shape)) ** 2)))
