"""What monitors of equilibria have in common."""

from __future__ import annotations

from surefit.equilibria import equilibrium_places
from surefit.errors import InvalidInputError
from surefit.problem import Problem

__all__ = ["equilibrium_obstacle"]


def equilibrium_obstacle(problem: Problem) -> str | None:
    """Why the equilibria of a network cannot be watched; None if they can."""
    try:
        places = equilibrium_places(problem.network)
    except InvalidInputError as error:
        return str(error)
    if places:
        return None
    return (
        "The network has no equilibrium among its layers. Write one, for example "
        "`Serial(Dense(512), Equilibrium(512), Dense(1))`, or leave the monitor out."
    )
