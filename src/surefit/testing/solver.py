"""What every solver of equilibria must satisfy."""

from __future__ import annotations

import dataclasses
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from surefit.activations import Activation, Relu, Tanh
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.implicit import Solution, Solver
from surefit.testing.claims import claim, claim_close, claim_value_semantics, quick_jit

__all__ = ["check_solver"]

# The shift of the equilibrium by a residual r is at most r / (1 - q); below, q is about 0.8.
_SHIFT = 10.0


class _Case(NamedTuple):
    activation: Activation
    weights: jax.Array
    x: jax.Array
    expected: jax.Array


@float64
def check_solver(solver: Solver, contraction: bool = True) -> None:
    r"""The conformance suite of solvers.

    Residuals measured anew; the equilibrium itself; samples that do not see each other, also beside
    one that is lost; warm starts; honesty about samples that did not converge; tolerances below the
    precision; linear systems in both directions against dense solves; `jit` and `vmap`.

    Args:
        solver: what to check, with a tolerance that float64 can reach.
        contraction: whether the solver needs a contraction. Otherwise it must also find equilibria
            from which Picard iteration runs away.

    Raises:
        AssertionError: naming the property that fails.

    Example:
        >>> from surefit.implicit import Picard
        >>> from surefit.testing import check_solver
        >>> check_solver(Picard())
    """
    claim_value_semantics(solver)
    _claim_precision(solver)
    run = quick_jit(solver.solve, static_argnums=0)
    run_linear = quick_jit(solver.solve_linear, static_argnums=3)
    for activation in (Relu(), Tanh()):
        case = _contracting(activation)
        solution = _claim_solution(solver, run, case)
        _claim_independence(solver, run, case, solution)
        _claim_warm_start(solver, run, case, solution)
        _claim_linear(solver, run_linear, case)
    _claim_honesty(dataclasses.replace(solver, max_steps=1), case)
    _claim_transformations(solver, case, solution)
    if not contraction:
        case = _expanding()
        _claim_solution(solver, run, case)
        _claim_linear(solver, run_linear, case)


def _contracting(activation: Activation) -> _Case:
    m = 12
    rng = np.random.default_rng(3)
    weights = rng.normal(size=(m, m))
    weights = jnp.asarray(0.8 * weights / np.linalg.norm(weights, 2))
    x = jnp.asarray(np.concatenate([rng.normal(size=(4, m)), np.zeros((1, m))]))
    h = jnp.zeros_like(x)
    for _ in range(200):
        h = activation(h @ weights.T + x)
    return _Case(activation, weights, x, h)


def _expanding() -> _Case:
    """A rotation by almost a right angle, twice as long: monotone, and far from contracting."""
    turn = np.array([[0.1, 2.0], [-2.0, 0.1]])
    weights = np.kron(np.eye(6), turn)
    h = np.abs(np.random.default_rng(5).normal(size=(5, 12))) + 0.1
    # All units are active: h = Wh + x, which repels h -> Wh + x.
    return _Case(Relu(), jnp.asarray(weights), jnp.asarray(h - h @ weights.T), jnp.asarray(h))


def _claim_precision(solver: Solver) -> None:
    low = dataclasses.replace(solver, tolerance=1e-17)
    for dtype in (jnp.float32, jnp.float64):
        claim(solver, f"the default tolerance is above the rounding of {jnp.dtype(dtype).name}",
              dataclasses.replace(solver, tolerance=None).resolved(jnp.dtype(dtype))
              > jnp.finfo(dtype).eps)  # fmt: skip
    case = _contracting(Relu())
    try:
        low.solve(case.activation, case.weights, case.x, jnp.zeros_like(case.x))
    except InvalidInputError:
        return
    claim(solver, "a tolerance below the precision is refused with `InvalidInputError`", False,
          "Ask `self.resolved(dtype)` for the tolerance.")  # fmt: skip


def _residual(case: _Case, state: jax.Array) -> jax.Array:
    image = case.activation(state @ case.weights.T + case.x)
    size = jnp.linalg.norm(image, axis=1)
    return jnp.linalg.norm(image - state, axis=1) / jnp.where(size > 0, size, 1.0)


def _claim_solution(solver: Solver, run: Any, case: _Case) -> Solution:
    n, m = case.x.shape
    solution = run(case.activation, case.weights, case.x, jnp.zeros_like(case.x))
    claim(solver, "a solution has one state, residual, count and verdict per sample",
          [leaf.shape for leaf in solution] == [(n, m), (n,), (n,), (n,)])  # fmt: skip
    claim(solver, "every sample converges where it must", jnp.all(solution.converged),
          f"Got residuals {solution.residual} after {solution.steps} steps.")  # fmt: skip
    tolerance = solver.resolved(case.x.dtype)
    # Another order of summation changes the residual by a few units of rounding.
    rounding = 8 * float(jnp.finfo(case.x.dtype).eps)
    claim_close(solver, "the residual, measured anew, is at most the tolerance",
                _residual(case, solution.state), jnp.zeros(n), tolerance + rounding)  # fmt: skip
    claim_close(solver, "`residual` is that of the returned state",
                solution.residual, _residual(case, solution.state), rounding)  # fmt: skip
    claim(solver, "no sample takes more than `max_steps`",
          jnp.all(solution.steps <= solver.max_steps))  # fmt: skip
    scale = float(jnp.max(jnp.linalg.norm(case.expected, axis=1)))
    claim_close(solver, "the state is the equilibrium", solution.state, case.expected,
                _SHIFT * (tolerance + rounding) * scale)  # fmt: skip
    return solution


def _claim_independence(solver: Solver, run: Any, case: _Case, together: Solution) -> None:
    start = jnp.zeros_like(case.x)
    allowed = _SHIFT * solver.resolved(case.x.dtype) * (1 + float(jnp.max(jnp.abs(case.expected))))
    alone = run(case.activation, case.weights, case.x.at[1:].set(3.0), start)
    claim_close(solver, "samples of a batch do not see each other",
                together.state[0], alone.state[0], allowed)  # fmt: skip
    spoilt = run(case.activation, case.weights, case.x.at[-1].set(jnp.nan), start)
    claim(solver, "a sample that is not a number does not count as converged",
          not spoilt.converged[-1])  # fmt: skip
    claim_close(solver, "a sample that is lost leaves the others alone",
                spoilt.poisoned()[:-1], together.state[:-1], allowed)  # fmt: skip


def _claim_warm_start(solver: Solver, run: Any, case: _Case, solution: Solution) -> None:
    again = run(case.activation, case.weights, case.x, solution.state)
    claim(solver, "from a solution it takes two steps at most",
          jnp.all(again.converged & (again.steps <= 2)), f"Got {again.steps}.")  # fmt: skip


def _claim_honesty(rough: Solver, case: _Case) -> None:
    start = 10 + jnp.zeros_like(case.x)
    solution = rough.solve(case.activation, case.weights, case.x, start)
    true = _residual(case, solution.state)
    tolerance = rough.resolved(case.x.dtype)
    claim(rough, "a sample counts as converged only if its residual is at most the tolerance",
          jnp.all(~solution.converged | (true <= 2 * tolerance)),
          f"Got residuals {true} and verdicts {solution.converged}.")  # fmt: skip
    claim_close(rough, "a sample that did not converge says how far it is", solution.residual,
                true, 1e-12 * (1 + true))  # fmt: skip
    claim(rough, "the message names the samples that did not converge",
          bool(solution.message(tolerance)) == (not bool(jnp.all(solution.converged))))  # fmt: skip


def _claim_transformations(solver: Solver, case: _Case, solution: Solution) -> None:
    start = jnp.zeros_like(case.x)
    many = quick_jit(jax.vmap(lambda x: solver.solve(case.activation, case.weights, x, start)))(
        jnp.stack([2 * case.x, case.x])
    )
    allowed = _SHIFT * solver.resolved(case.x.dtype) * (1 + float(jnp.max(jnp.abs(case.expected))))
    claim_close(solver, "`solve` is the same under `jax.vmap`",
                many.state[1], solution.state, allowed)  # fmt: skip
    eager = solver.solve(case.activation, case.weights, case.x, start)
    claim_close(solver, "`solve` is the same under `jax.jit`",
                eager.state, solution.state, allowed)  # fmt: skip


def _claim_linear(solver: Solver, run: Any, case: _Case) -> None:
    slope = case.activation.derivative(case.expected @ case.weights.T + case.x)
    rhs = jnp.cos(1.0 + jnp.arange(case.x.size, dtype=case.x.dtype)).reshape(case.x.shape)
    rhs = rhs.at[0].set(0.0)
    tolerance = solver.resolved(case.x.dtype)
    for transpose in (False, True):
        way = "transposed linear systems" if transpose else "linear systems"
        found = run(case.weights, slope, rhs, transpose, jnp.zeros_like(rhs))
        claim(solver, f"the {way} converge", jnp.all(found.converged),
              f"Got residuals {found.residual} after {found.steps} steps.")  # fmt: skip
        matrices = np.eye(rhs.shape[1]) - np.asarray(slope)[:, :, None] * np.asarray(case.weights)
        if transpose:
            matrices = matrices.transpose(0, 2, 1)
        expected = np.linalg.solve(matrices, np.asarray(rhs)[:, :, None])[:, :, 0]
        claim_close(solver, f"the {way} agree with dense solves", found.state, expected,
                    _SHIFT * (tolerance + 1e-14) * (1 + np.max(np.abs(expected))))  # fmt: skip
        warm = run(case.weights, slope, rhs, transpose, jnp.asarray(expected))
        claim_close(solver, f"the {way} can begin at their solution", warm.poisoned(), expected,
                    _SHIFT * (tolerance + 1e-14) * (1 + np.max(np.abs(expected))))  # fmt: skip
