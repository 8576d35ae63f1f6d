r"""Gradient descent of the linearised network, in function space.

For a squared loss in closed form; for others step by step: $f \leftarrow f - \eta K\,\ell'(f)$.
"""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.diagnosis.kernel import DenseKernel
from surefit.diagnosis.subject import Subject
from surefit.function_space.curves import steps_to_loss
from surefit.function_space.filters import Descent
from surefit.losses import Loss

__all__ = ["Course", "course", "slopes"]

# Operations that following the steps may take, and the most steps in any case.
_OPERATIONS, _MOST = 4e9, 20_000
# A probe of a squared loss looks no further ahead than people train.
_AHEAD = 10_000


@dataclasses.dataclass(frozen=True, eq=False)
class Course:
    r"""Where the linearised network is after some steps.

    Args:
        steps: how many.
        outputs: the outputs then, (n, k).
        coefficients: $a$ with $f = f_0 + Ka$; the parameters moved by $J^\top a$.
        losses: after every step, from the start on; None for a squared loss.
    """

    steps: int
    outputs: Float[np.ndarray, "n k"]
    coefficients: Float[np.ndarray, " nk"]
    losses: np.ndarray | None


def slopes(subject: Subject, outputs: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n k"]:
    """What drives the parameters: the residual, or the slope of a loss that is no square."""
    if subject.scale is not None:
        return outputs - np.asarray(subject.y)
    return np.asarray(subject.loss.output_gradient(jnp.asarray(outputs), subject.y))


def course(kernel: DenseKernel, step_size: float, steps: int | None = None) -> Course:
    """Follow descent on the samples of the kernel.

    Args:
        kernel: with its subject.
        step_size: of the loss as it is normalised.
        steps: how many; None: for a squared loss until a hundredth of what can be learnt is
            left, at most 10 000; for others what is affordable until a thousandth is left.
    """
    subject = kernel.subject
    start = np.asarray(subject.predictions())
    scale = subject.scale
    if scale is None:
        return _followed(kernel, start, step_size, steps)
    y = np.asarray(subject.y)
    residual = (start - y).reshape(-1)
    step = 2.0 * scale * step_size
    coordinates = kernel.vectors.T @ residual
    if steps is None:
        steps = _until(kernel.values, coordinates**2, step)
    gain = Descent(steps, step).gain(kernel.values)
    coefficients = -(kernel.vectors @ (gain * coordinates))
    left = kernel.vectors @ (Descent(steps, step).residual(kernel.values) * coordinates)
    return Course(steps, left.reshape(y.shape) + y, coefficients, None)


def _until(values: np.ndarray, weights: np.ndarray, step: float) -> int:
    """The steps until a hundredth of what can be learnt is left."""
    reachable = float(weights[values > 0.0].sum())
    if reachable == 0.0:
        return 0
    target = 0.5 * (0.01 * reachable + float(weights[values == 0.0].sum()))
    found = steps_to_loss(target, values, weights, 0.0, step)
    return _AHEAD if found is None else min(found, _AHEAD)


def _followed(
    kernel: DenseKernel, start: np.ndarray, step_size: float, steps: int | None
) -> Course:
    subject = kernel.subject
    budget = int(min(_MOST, max(100.0, _OPERATIONS / (2.0 * subject.residuals**2))))
    most = budget if steps is None else min(steps, budget)
    stop = 1e-3 if steps is None else 0.0
    count, rows, losses = _descend(
        subject.loss, jnp.asarray(kernel.matrix), jnp.asarray(start), jnp.asarray(subject.y),
        jnp.asarray(step_size), jnp.asarray(stop), most,
    )  # fmt: skip
    rows = np.asarray(rows)
    outputs = start + (kernel.matrix @ rows).reshape(start.shape)
    return Course(int(count), outputs, rows, np.asarray(losses)[: int(count) + 1])


@eqx.filter_jit
def _descend(
    loss: Loss,
    kernel: Float[Array, "nk nk"],
    start: Float[Array, "n k"],
    y: Float[Array, "n k"],
    step_size: Float[Array, ""],
    stop: Float[Array, ""],
    most: int,
) -> tuple[Array, Array, Array]:
    """Steps made, coefficients, and losses; until `stop` of the first loss or `most` steps."""
    first = loss(start, y)

    def goes_on(now: tuple[Array, Array, Array, Array]) -> Array:
        step, _, _, losses = now
        return (step < most) & (losses[step] - loss.minimum > stop * first)

    def step(now: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        count, rows, outputs, losses = now
        rows = rows - step_size * loss.output_gradient(outputs, y).reshape(-1)
        outputs = start + (kernel @ rows).reshape(start.shape)
        return count + 1, rows, outputs, losses.at[count + 1].set(loss(outputs, y))

    losses = jnp.full(most + 1, jnp.nan).at[0].set(first)
    begin = jnp.asarray(0), jnp.zeros(kernel.shape[0]), start, losses
    count, rows, _, losses = jax.lax.while_loop(goes_on, step, begin)
    return count, rows, losses
