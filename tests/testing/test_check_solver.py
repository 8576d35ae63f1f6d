"""The suite names what is wrong with solvers that are wrong on purpose."""

import dataclasses

import jax.numpy as jnp
import pytest

from surefit.implicit import Picard
from surefit.testing import check_solver

pytestmark = pytest.mark.slow


def wrong(**changes):
    # The leading underscore keeps it out of the catalogue.
    return dataclasses.dataclass(frozen=True)(type("_Wrong", (Picard,), changes))()


def _boastful(self, activation, weights, x, start):
    solution = Picard(self.tolerance, max_steps=5).solve(activation, weights, x, start)
    return solution._replace(converged=jnp.ones_like(solution.converged))


def _averaging(self, activation, weights, x, start):
    return Picard.solve(self, activation, weights, x + 1e-3 * jnp.mean(x), start)


def _one_way(self, weights, slope, rhs, transpose, start=None):
    return Picard.solve_linear(self, weights, slope, rhs, False, start)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"solve": _boastful}, "the residual, measured anew, is at most the tolerance"),
        ({"solve": _averaging}, "measured anew|do not see each other"),
        ({"solve_linear": _one_way}, "transposed linear systems agree with dense solves"),
        ({"resolved": lambda self, dtype: 1e-6}, "tolerance below the precision is refused"),
    ],
)
def test_the_property_that_fails_is_named(changes, message):
    with pytest.raises(AssertionError, match=message):
        check_solver(wrong(**changes))


def test_a_solver_that_needs_a_contraction_does_not_claim_more():
    with pytest.raises(AssertionError, match="every sample converges where it must"):
        check_solver(Picard(), contraction=False)
