"""Training by a loop without any machinery, for suites that must not rely on it."""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from surefit.core.precision import float64
from surefit.core.trajectory import Series, Status, Trajectory
from surefit.theory import Setting

__all__ = ["RESIDUAL", "plain_run"]

RESIDUAL = "squared_residual"


@float64
def plain_run(setting: Setting, steps: int, every: int = 10) -> Trajectory:
    """Train by a loop without any machinery, measuring what theorems promise.

    Descent makes `steps` steps of the setting's size. Gradient flow is integrated by the classical
    Runge-Kutta method with steps of a tenth of the fastest time scale at the start.

    Args:
        setting: problem, start and step.
        steps: how many.
        every: distance between the records.

    Returns:
        `squared_residual`, `distance`, `path_length` and `gram_smallest` over steps or time.
    """
    problem, flow = setting.problem, setting.dynamics == "gradient_flow"
    moving, fixed = problem.split(setting.params)
    fastest = problem.loss.smoothness(problem.samples) * setting.sigma_max.upper**2
    step = 0.1 / fastest if flow else setting.step_size

    @eqx.filter_jit
    def gradient(part):
        return jax.grad(lambda own: problem.objective(eqx.combine(own, fixed)))(part)

    def moved(part, direction, length):
        return jax.tree.map(lambda p, g: p - length * g, part, direction)

    def advance(part):
        if not flow:
            return moved(part, gradient(part), step)
        k1 = gradient(part)
        k2 = gradient(moved(part, k1, step / 2))
        k3 = gradient(moved(part, k2, step / 2))
        k4 = gradient(moved(part, k3, step))
        mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
        return moved(part, mean, step)

    def gap(one, two) -> float:
        pairs = zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True)
        return math.sqrt(sum(float(jnp.sum((a - b) ** 2)) for a, b in pairs))

    start, path, rows = moving, 0.0, []
    for index in range(steps + 1):
        if index % every == 0:
            params = eqx.combine(moving, fixed)
            residual = np.asarray(problem.residual(params))
            smallest = np.linalg.eigvalsh(np.asarray(problem.gram(params)))[0]
            rows.append((float(residual @ residual), gap(moving, start), path, float(smallest)))
        after = advance(moving)
        path += gap(after, moving)
        moving = after
    times = np.arange(0, steps + 1, every) * (step if flow else 1.0)
    names = (RESIDUAL, "distance", "path_length", "gram_smallest")
    series = {
        name: Series(times, np.array([row[i] for row in rows])) for i, name in enumerate(names)
    }
    return Trajectory(setting.dynamics, step, float(times[-1]), series, Status.STEPS_DONE)
