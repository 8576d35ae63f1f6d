"""When training ends because an equilibrium was lost: which one, for which samples."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from surefit.core.layer import Params
from surefit.equilibria import equilibria, equilibrium_places
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["lost_equilibrium", "lost_in_a_step", "require_equilibria"]


def lost_equilibrium(problem: Problem, params: Params) -> str:
    """Which samples have no equilibrium at these parameters, and what to change; empty if none.

    No full stop at the end.
    """
    for found in _equilibria(problem, params):
        message = found.solution.message(found.layer.solver.resolved(problem.x.dtype))
        # Without `throw` the last iterate counts, whatever it is.
        if message and found.layer.throw:
            where = "" if found.place == "network" else f" (of the layer at {found.place!r})"
            return f"an equilibrium was not found{where}: {message.rstrip('.')}"
    return ""


def require_equilibria(problem: Problem, params: Params) -> None:
    """Refuse to begin where an equilibrium is not found.

    Raises:
        InvalidInputError: naming the samples, the residual, and what to change.
    """
    lost = lost_equilibrium(problem, params)
    if lost:
        raise InvalidInputError(
            "The initial parameters must give every sample its equilibrium. Got some with which "
            f"{lost}."
        )


def lost_in_a_step(problem: Problem, after: Params) -> str:
    """What a step that ended in numbers that are not finite has to do with equilibria, if anything.

    Args:
        problem: network, loss and data.
        after: all parameters behind the step; those before it had a finite loss.
    """
    if not _has_equilibria(problem):
        return ""
    if all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(after)):
        lost = lost_equilibrium(problem, after)
        if lost or not bool(jnp.isfinite(problem.network.apply(after, problem.x)).all()):
            return lost
        return (
            "an equilibrium was not found from where the step before left it, although it is from "
            "zero: its map is no contraction any more. Watch `scaled_operator_norm`, or keep it "
            "below 1 by `Equilibrium(norm_bound=...)`"
        )
    return (
        "the gradient was not finite although the outputs were: the linear system of the "
        "derivative of an equilibrium, (I - W^T D) v = r, was not solved. Its map contracts no "
        "better than that of the equilibrium itself. Use a smaller `weight_std` (gamma), a solver "
        "with more `max_steps`, or `Newton()`"
    )


def _has_equilibria(problem: Problem) -> bool:
    try:
        return bool(equilibrium_places(problem.network))
    except InvalidInputError:
        return False


def _equilibria(problem: Problem, params: Params) -> tuple:
    if not _has_equilibria(problem):
        return ()
    return equilibria(problem.network, params, problem.x)
