"""The equilibrium with a verdict that cannot be overlooked."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.implicit import warm as warm_starts
from surefit.implicit.equilibrium import equilibrium, solve
from surefit.implicit.solver import Solver

__all__ = ["checked_equilibrium"]


def checked_equilibrium(
    activation: Any,
    solver: Solver,
    throw: bool,
    weights: Float[Array, "m m"],
    x: Float[Array, "n m"],
) -> Float[Array, "n m"]:
    r"""$h$ with $h = \phi(Wh + x)$, differentiable; raises where it was not found, if it can.

    Inside compiled code nothing can be raised: samples that did not converge are NaN there. Inside
    of `warm_starts` it begins where the hint says.

    Args:
        activation: $\phi$, with its `derivative`.
        solver: how to iterate.
        throw: False: the last iterate, as it is, and no error.
        weights: $W$.
        x: the input of every sample, added inside.

    Raises:
        NumericalError: outside of compiled code, a sample did not converge.

    Cost: that of the solver; twice that before an error.
    """
    warm = warm_starts.current()
    if warm is not None:
        return warm.equilibrium(activation, solver, throw, weights, x)
    h = equilibrium(activation, solver, throw, weights, x)
    if throw and _known_to_have_nan(h):
        solve(activation, solver, weights, x).require(solver.resolved(x.dtype))
    return h


def _known_to_have_nan(h: Float[Array, "n m"]) -> bool:
    try:
        return bool(jnp.isnan(h).any())
    except jax.errors.ConcretizationTypeError:
        return False
