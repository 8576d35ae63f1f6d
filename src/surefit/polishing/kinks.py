r"""Steps that keep the signs of the pre-activations, where a kink would spoil the linear model.

Between kinks a network with rectifiers is smooth, and steps of Newton's kind converge fast; a step
that changes many signs on its way does not do what the linear model says. With far more
parameters than residuals there is freedom enough to ask, beside $J\Delta = -r$, that the
pre-activations that would change their signs stop before zero.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int

from surefit.core.layer import Params
from surefit.curvature.activation import has_kink
from surefit.problem import Problem
from surefit.training.preactivations import activity, preactivations_obstacle

__all__ = ["step_between_kinks"]

# Where a pre-activation that would change its sign is sent instead, in units of what it is now.
_SHARE = 0.5
_ROUNDS = 8
_SLACK = 1e-12  # on the diagonal, in units of its mean
# Equations added in a round, and numbers of their gradients in all.
_ADDED, _NUMBERS = 128, 3 * 10**7
_BATCH = 32  # gradients made at once

Vector = Float[np.ndarray, " nk"]


def step_between_kinks(
    problem: Problem,
    params: Params,
    r: Vector,
    inverse: Callable[[np.ndarray], np.ndarray],
    damping: float,
) -> tuple[Params, Vector] | None:
    r"""A damped step whose linear model changes no sign, by an active set.

    With the gradients $G$ of the pre-activations $z_S$ that would change their signs, it solves

    $$\begin{pmatrix}K + \lambda I & JG^\top\\GJ^\top & GG^\top\end{pmatrix}
      \begin{pmatrix}v\\w\end{pmatrix} = \begin{pmatrix}r\\z_S/2\end{pmatrix}$$

    and moves the weights by $-J^\top v - G^\top w$; what then would change its sign joins $S$. The
    first block is eliminated with the factors that the plain step has made.

    Args:
        problem: network and data.
        params: the weights.
        r: $f - y$ there.
        inverse: of $K + \lambda I$, of vectors and of the columns of matrices.
        damping: $\lambda$.

    Returns:
        The weights behind the step and $\lambda v$, the residual of the linear model; None where
        the network has no kinks or the signs cannot be kept.

    Cost: per round one backward and one forward pass for each of the pre-activations that join, a
        solution with K for each, and a factorisation of the size of S; at most eight rounds.
        Memory for p + 2N numbers for each pre-activation of S.
    """
    if preactivations_obstacle(problem, params) is not None:
        return None
    z = np.asarray(_kinked(problem, params))
    if z.size == 0:
        return None
    size = problem.parameters(params)
    chosen = np.zeros(0, int)
    gradients, cross = np.zeros((0, size)), np.zeros((len(r), 0))
    plain, solved = inverse(r), cross
    for _ in range(_ROUNDS):
        # What is left for w when v is eliminated.
        rest = gradients @ gradients.T - cross.T @ solved
        w = _multipliers(rest, _SHARE * z[chosen] - cross.T @ plain)
        v = plain - solved @ w
        if not (np.isfinite(v).all() and np.isfinite(w).all()):
            return None
        step = -(np.asarray(_pulled(problem, params, jnp.asarray(v))) + gradients.T @ w)
        changed = z + np.asarray(_turned(problem, params, jnp.asarray(step)))
        wrong = np.setdiff1d(np.flatnonzero(changed * z < 0.0), chosen)
        if wrong.size == 0:
            return _moved(problem, params, jnp.asarray(step)), damping * v
        wrong = wrong[np.argsort(-np.abs(changed[wrong]))][:_ADDED]
        if (len(chosen) + len(wrong)) * size > _NUMBERS:
            return None
        more = _gradients(problem, params, wrong, z.size // problem.samples)
        chosen, gradients = np.concatenate([chosen, wrong]), np.concatenate([gradients, more])
        images = np.asarray(_images(problem, params, jnp.asarray(more))).T
        cross = np.concatenate([cross, images], axis=1)
        solved = np.concatenate([solved, inverse(images)], axis=1)
    return None


def _multipliers(
    matrix: Float[np.ndarray, "s s"], target: Float[np.ndarray, " s"]
) -> Float[np.ndarray, " s"]:
    """By Cholesky; NaN where that fails."""
    if len(target) == 0:
        return target
    # Rectified pre-activations of parallel inputs have dependent gradients.
    slack = _SLACK * float(np.mean(np.diag(matrix)))
    np.fill_diagonal(matrix, np.diag(matrix) + slack)
    try:
        factor = scipy.linalg.cho_factor(matrix, overwrite_a=True)
    except np.linalg.LinAlgError:
        return np.full(len(target), np.nan)
    return scipy.linalg.cho_solve(factor, target)


# Functions of the trained parameters as one vector.


def _outputs(problem: Problem, params: Params, x: Float[Array, "b ..."]) -> Callable:
    _, fixed = problem.split(params)
    _, unravel = _flat(problem, params)
    return lambda flat: problem.network.apply(eqx.combine(unravel(flat), fixed), x).reshape(-1)


def _preactivations(problem: Problem, params: Params, x: Float[Array, "b ..."]) -> Callable:
    """What flows into activations with a kink, one row per sample."""
    _, fixed = problem.split(params)
    _, unravel = _flat(problem, params)

    def of(flat: Float[Array, " p"]) -> Float[Array, "b q"]:
        found = activity(problem.network, eqx.combine(unravel(flat), fixed), x, has_kink)
        rows = [z.reshape(len(x), -1) for z, _ in found]
        return jnp.concatenate([jnp.zeros((len(x), 0), x.dtype), *rows], axis=1)

    return of


def _flat(problem: Problem, params: Params) -> tuple[Float[Array, " p"], Callable]:
    return ravel_pytree(problem.split(params)[0])


@eqx.filter_jit
def _kinked(problem: Problem, params: Params) -> Float[Array, " nq"]:
    flat, _ = _flat(problem, params)
    return _preactivations(problem, params, problem.x)(flat).reshape(-1)


@eqx.filter_jit
def _pulled(problem: Problem, params: Params, v: Float[Array, " nk"]) -> Float[Array, " p"]:
    r"""$J^\top v$."""
    flat, _ = _flat(problem, params)
    return jax.vjp(_outputs(problem, params, problem.x), flat)[1](v)[0]


@eqx.filter_jit
def _turned(problem: Problem, params: Params, step: Float[Array, " p"]) -> Float[Array, " nq"]:
    """How the pre-activations change."""
    flat, _ = _flat(problem, params)
    return jax.jvp(_preactivations(problem, params, problem.x), (flat,), (step,))[1].reshape(-1)


@eqx.filter_jit
def _images(problem: Problem, params: Params, steps: Float[Array, "s p"]) -> Float[Array, "s nk"]:
    """$J$ times every row."""
    flat, _ = _flat(problem, params)
    outputs = _outputs(problem, params, problem.x)
    return jax.lax.map(lambda s: jax.jvp(outputs, (flat,), (s,))[1], steps, batch_size=_BATCH)


@eqx.filter_jit
def _moved(problem: Problem, params: Params, step: Float[Array, " p"]) -> Params:
    flat, unravel = _flat(problem, params)
    return eqx.combine(unravel(flat + step), problem.split(params)[1])


def _gradients(
    problem: Problem, params: Params, chosen: Int[np.ndarray, " s"], width: int
) -> Float[np.ndarray, "s p"]:
    """Of the pre-activations with these numbers; a sample has `width` of them."""
    padded = np.resize(chosen, _ADDED)  # one shape, so that it is compiled once
    samples, units = (jnp.asarray(part) for part in np.divmod(padded, width))
    return np.asarray(_gradient_rows(problem, params, samples, units))[: len(chosen)]


@eqx.filter_jit
def _gradient_rows(
    problem: Problem, params: Params, samples: Int[Array, " s"], units: Int[Array, " s"]
) -> Float[Array, "s p"]:
    flat, _ = _flat(problem, params)

    def gradient(pair: tuple[Array, Array]) -> Float[Array, " p"]:
        sample, unit = pair
        of = _preactivations(problem, params, problem.x[sample][None])
        return jax.grad(lambda flat: of(flat)[0, unit])(flat)

    return jax.lax.map(gradient, (samples, units), batch_size=_BATCH)
