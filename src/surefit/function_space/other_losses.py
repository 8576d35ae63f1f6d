"""Gradient flow on any loss in function space: cross-entropy, followed by an ODE solver."""

from __future__ import annotations

import dataclasses
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Float64

from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.function_space.arguments import require_time
from surefit.function_space.space import FunctionSpace
from surefit.losses import CrossEntropy, Loss

__all__ = ["LossFlow", "loss_flow"]


@dataclasses.dataclass(frozen=True, eq=False)
class LossFlow:
    """A flow at the times that were asked for.

    Args:
        times: these times.
        losses: of the training points.
        train: outputs on the training points.
        test: outputs on the test points; None where there are none.
        completed: whether the solver reached the last time; later values are NaN where not.
        message: what happened, and what to do about it where something went wrong.
    """

    times: Float64[np.ndarray, " times"]
    losses: Float64[np.ndarray, " times"]
    train: Float64[np.ndarray, "times n k"]
    test: Float64[np.ndarray, "times m k"] | None
    completed: bool
    message: str


@float64
def loss_flow(
    space: FunctionSpace,
    times: Any,
    loss: Loss | None = None,
    *,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_steps: int = 100_000,
) -> LossFlow:
    r"""Gradient flow $\dot f(x) = -\Theta(x, X)\nabla_f\ell(f(X), y)$ on any loss.

    The coefficients of $f(x) = f_0(x) + \Theta(x, X)a$ obey
    $\dot a = -\nabla_f\ell(f_0 + \Theta a, y) - \rho a$ and are followed by an explicit
    Runge-Kutta method of order 5 with adaptive steps.

    Args:
        space: kernels, targets, start and ridge.
        times: at which times to look, increasing, from 0 on.
        loss: None: softmax and cross-entropy, for one-hot targets.
        rtol: relative error of a step.
        atol: absolute error of a step.
        max_steps: at most so many steps.

    Returns:
        Losses and outputs at the times.

    Raises:
        InvalidInputError: the times are not increasing, or the targets are not made for the loss.
        NumericalError: `k_train` is no matrix of a kernel.

    Cost:
        About $\lambda_{\max}\beta T/3$ steps of six products with $\Theta$ for a loss of curvature
        $\beta$ up to the time $T$.

    References:
        Lee et al. (2019), equation (6), for losses other than the square. The integrator: Tsitouras
        (2011); P. Kidger, On neural differential equations (2021), chapter 5.
    """
    import diffrax  # takes a second

    loss = CrossEntropy() if loss is None else loss
    times = np.atleast_1d(np.asarray(times, np.float64))
    _require_increasing(times)
    _require_coding(space, loss)
    space.eigen.require_rates(space.ridge)
    with_zero = times if times[0] == 0.0 else np.concatenate([[0.0], times])
    start = jnp.asarray(space.start("train"))
    scale = float(space.spectrum.largest.upper) * _curvature(loss, len(space.y)) + space.ridge
    end = float(with_zero[-1])
    saved, completed = np.zeros((1, *space.y.shape)), True
    if end > 0.0:
        found, result = _followed(
            loss,
            jnp.asarray(space.k_train),
            jnp.asarray(space.y),
            start,
            # As arrays: other numbers need no other program.
            jnp.asarray(space.ridge),
            jnp.asarray(with_zero),
            jnp.asarray([min(0.1 / scale, end), rtol, atol]),
            max_steps,
        )
        saved, completed = np.asarray(found), bool(result == diffrax.RESULTS.successful)
    coefficients = saved[len(with_zero) - len(times) :]
    coefficients = np.where(np.isfinite(coefficients), coefficients, np.nan)
    train = np.asarray(start)[None] + np.matmul(space.k_train[None], coefficients)
    test = None
    if space.k_test_train is not None:
        test = space.start("test")[None] + np.matmul(space.k_test_train[None], coefficients)
    losses = [float(loss(jnp.asarray(outputs), jnp.asarray(space.y))) for outputs in train]
    return LossFlow(
        times=times,
        losses=np.asarray(losses, np.float64),
        train=train,
        test=test,
        completed=completed,
        message="The flow was followed to the last time."
        if completed
        else (
            f"The solver did not reach the time {end:.3g} with max_steps={max_steps}: an explicit "
            f"method needs about {scale * end / 3:.3g} steps, where the largest curvature is "
            f"{scale:.3g}. Ask for shorter times, or raise max_steps."
        ),
    )


@eqx.filter_jit
def _followed(
    loss: Loss,
    kernel: Float[Array, "n n"],
    y: Float[Array, "n k"],
    start: Float[Array, "n k"],
    ridge: Float[Array, ""],
    times: Float[Array, " times"],
    control: Float[Array, " 3"],
    max_steps: int,
) -> tuple[Float[Array, "times n k"], Any]:
    import diffrax

    first, rtol, atol = control

    def velocity(time: Float[Array, ""], a: Float[Array, "n k"], args: None) -> Array:
        return -loss.output_gradient(start + kernel @ a, y) - ridge * a

    solution = diffrax.diffeqsolve(
        diffrax.ODETerm(velocity),
        diffrax.Tsit5(),
        t0=times[0],
        t1=times[-1],
        dt0=first,
        y0=jnp.zeros_like(y),
        saveat=diffrax.SaveAt(ts=times),
        stepsize_controller=diffrax.PIDController(rtol=rtol, atol=atol),
        max_steps=max_steps,
        throw=False,
    )
    return solution.ys, solution.result


def _curvature(loss: Loss, samples: int) -> float:
    found = loss.smoothness(samples)
    return found if np.isfinite(found) else 1.0


def _require_increasing(times: Float64[np.ndarray, " times"]) -> None:
    if times.ndim != 1 or not len(times) or np.any(np.diff(times) <= 0.0):
        raise InvalidInputError(
            "`loss_flow(times=...)` must be increasing times. Got "
            f"{np.array2string(times, threshold=6)}. The flow is followed from one to the next. "
            "Sort them and leave repeated ones out."
        )
    require_time(float(times[0]), "loss_flow(times=...)")


def _require_coding(space: FunctionSpace, loss: Loss) -> None:
    if loss.coding != "one_hot":
        return
    y = space.y
    if not (np.all((y == 0.0) | (y == 1.0)) and np.all(y.sum(axis=1) == 1.0)):
        raise InvalidInputError(
            "`loss_flow(space=..., loss=CrossEntropy())` must have one-hot targets. Got rows that "
            "are not one 1 and otherwise 0. The cross-entropy compares probabilities. Encode the "
            "classes by `surefit.data.label_code('one_hot', ...)`, or pass a squared loss."
        )
