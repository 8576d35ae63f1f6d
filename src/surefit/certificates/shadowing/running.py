"""Descent from initialisation, run until its end is certified, and the certificate about it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np

from surefit.certificates.point import Point
from surefit.certificates.portable import Unportable, described
from surefit.certificates.shadowing.ending import ending
from surefit.certificates.shadowing.issuing import Run, issued
from surefit.certificates.shadowing.layers import TwoLayers, two_layers
from surefit.certificates.shadowing.steps import CHUNK, Data, State, advance
from surefit.core.certificate import Certificate
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.layers import Centred
from surefit.problem import Problem

__all__ = ["ShadowProgress", "shadow"]

FIRST = 4 * CHUNK  # steps in which the residual falls so fast that blocks are not shared


@dataclasses.dataclass(frozen=True)
class ShadowProgress:
    """Where the run is.

    Args:
        steps: done so far.
        residual: norm of the residual of the float run.
        radius: how far the exact run may be from it.
        amplification: G; errors of the first steps have grown by a factor of at most exp(G).
        goal: the residual norm at which the end was last expected to be certified.
    """

    steps: int
    residual: float
    radius: float
    amplification: float
    goal: float


@float64
def shadow(
    problem: Problem,
    params: Params,
    step_size: float | None = None,
    *,
    condition: float = 0.15,
    most_steps: int = 1_000_000,
    progress: Callable[[ShadowProgress], None] | None = None,
) -> Certificate:
    r"""A certificate that exact gradient descent from `params` converges, by running it.

    Descent is run in float64 while the distance to descent in exact arithmetic is bounded (Theorem
    4 of docs/certificates/shadowing.md), until Theorem 1 holds at the float weights with a basin
    that contains the exact ones. Unlike `certify`, which is about weights that training ended
    with, the statement is about the whole run from the weights given, usually those at
    initialisation.

    Args:
        problem: two dense layers with a smooth activation, a squared loss, and data.
        params: the weights that descent starts from.
        step_size: of descent on the problem's loss; None: $1/\lambda_{\max}$ of the tangent kernel
            at `params`, for half the square.
        condition: how small C (below 1: convergence) is to be at the end. The checker bounds
            everything once more and a little wider; small values leave room for that.
        most_steps: after which the run is given up.
        progress: called every few steps.

    Returns:
        A certificate, whether it holds or not: `explain()` says what is missing. `save(path)`
        writes what `surefit verify` and `surefit-checker` read; they repeat the run with rigorous
        bounds.

    Raises:
        InvalidInputError: the loss is no squared loss, the network is another, the parameters do
            not fit, or a number is out of range.

    Cost:
        Per step two products of matrices, $4nmd$ operations; every 16 steps $n^2m$ more. The
        checker needs about as long.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(64, weight_std=2.0), sf.Tanh(), sf.Dense(1))
        >>> problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> shadow(problem, problem.init(0)).holds
        True
    """
    _require(condition, most_steps, step_size)
    start = Point.at(problem, params)
    step_size = step_size or (1.0 - 1e-12) / (start.largest.upper * start.factor)
    step = float(step_size) * start.factor
    try:
        document, arrays = described(problem, params)
    except Unportable as reason:
        raise InvalidInputError(
            "`shadow(problem=...)` must be about a network that the certificate format has words "
            f"for. Got {reason}. The checker repeats the run from the files alone. Use two dense "
            "layers, `sf.Serial(sf.Dense(m), sf.Tanh(), sf.Dense(1))`."
        ) from reason
    layers = two_layers(document, arrays)
    state, data = _begin(layers, step)
    goal, check_at, sharpest, taken = 0.0, FIRST, 0.0, 0
    while True:
        steps = CHUNK if taken >= FIRST else 1
        state = advance(state, data, layers.name, steps)
        taken += steps
        now = ShadowProgress(
            taken, float(state.residual), float(state.radius), float(state.amplification), goal
        )
        if progress is not None:
            progress(now)
        lost = not (now.residual <= 10.0 * start.residual and now.radius < 1e3)
        if lost or taken >= most_steps or taken >= check_at or now.residual <= goal:
            if lost and not math.isfinite(now.residual):
                end = None
                break
            point = Point.at(problem, _placed(problem, params, layers, state), quick=True)
            end = ending(point, now.radius, step)
            sharpest = max(sharpest, end.stretch)
            if lost or taken >= most_steps or end.condition <= condition or sharpest > 2.0:
                break
            # Of the residual norm at the bound, what the shadow leaves for the run itself.
            goal = condition * end.fire - point.beta * now.radius
            if end.fire > 0.0 and point.beta * now.radius > 0.8 * condition * end.fire:
                break
            # Near the goal the Jacobian changes slowly: no need to look in every chunk.
            check_at, goal = math.ceil(1.5 * taken), 0.99 * goal
    run = Run(start, end, step_size, taken, now.radius, now.amplification, sharpest, condition)
    return issued(run, document, arrays)


def _require(condition: float, most_steps: int, step_size: float | None) -> None:
    wrong = {
        "condition": not 0.0 < condition < 1.0 and "lie between 0 and 1",
        "most_steps": most_steps < FIRST and f"be at least {FIRST}",
        "step_size": step_size is not None
        and not 0.0 < step_size < math.inf
        and "be a positive number, or None",
    }
    got = {"condition": condition, "most_steps": most_steps, "step_size": step_size}
    why = {
        "condition": "Descent converges from where C < 1. Pass 0.15, or less for a better rate.",
        "most_steps": "Descent needs thousands of steps. Pass 1_000_000.",
        "step_size": "It is the step of plain descent on the problem's loss. Leave it out.",
    }
    for name, problem in wrong.items():
        if problem:
            raise InvalidInputError(
                f"`shadow({name}=...)` must {problem}. Got {got[name]}. {why[name]}"
            )


def _begin(layers: TwoLayers, step: float) -> tuple[State, Data]:
    zero = jnp.zeros(())
    data = Data(
        u=jnp.asarray(layers.u),
        y=jnp.asarray(layers.y),
        square=jnp.asarray((layers.u @ layers.u.T) ** 2),
        longest=jnp.asarray(np.max(np.linalg.norm(layers.u, axis=1))),
        step=jnp.asarray(step),
        scale=jnp.asarray(layers.scale),
        shift=jnp.asarray(layers.shift),
        output_trained=jnp.asarray(float(layers.output_trained)),
    )
    return State(jnp.asarray(layers.w), jnp.asarray(layers.v), zero, zero, zero + jnp.inf), data


def _placed(problem: Problem, params: Params, layers: TwoLayers, state: State) -> Params:
    """The parameters with the weights of the run in their places."""
    hidden, bias, out = layers.names
    w = np.asarray(state.w)
    values = {hidden: w if bias is None else w[:, :-1], out: np.asarray(state.v)}
    if bias is not None:
        values[bias] = w[:, -1]
    centred = isinstance(problem.network, Centred)
    root = params["network"] if centred else params
    for name, value in values.items():
        root = _with_leaf(root, name.split(".")[1:], value)
    return {**params, "network": root} if centred else root


def _with_leaf(tree: Any, path: list[str], value: np.ndarray) -> Any:
    if not path:
        return value
    if isinstance(tree, dict):
        return {**tree, path[0]: _with_leaf(tree[path[0]], path[1:], value)}
    at = int(path[0])
    return (*tree[:at], _with_leaf(tree[at], path[1:], value), *tree[at + 1 :])
