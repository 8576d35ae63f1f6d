r"""Bounds of V and c, the lengths of linear paths: sums over infinitely many steps in few terms.

The terms are convex in their number, so that trapezia bound their sum, and bounded from some number
on by a geometric series (docs/certificates/initialisation.md, Lemmas 7 and 8).
"""

import dataclasses

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, norm, up
from surefit_checker.verdict import UndecidedError, float_down, float_up
from surefit_checker.whitened import Metric

RATIO = 1.06  # of the ends of a trapezium
SHORTEST = 2.0**-40  # step times the smallest eigenvalue
DECAY = 40.0  # of the slowest terms, as a logarithm, before the geometric series


@dataclasses.dataclass(frozen=True)
class LinearPath:
    r"""The sum as $\sum_lw_l(P_l\cdot\varrho)^{1/2}$.

    Args:
        weights: upper bounds of $w_l$.
        terms: upper bounds of $P_{li} = \mu_i^2(1 - \mu_i)^{2j_l}$.
    """

    weights: np.ndarray
    terms: np.ndarray

    def length(self, metric: Metric, residual: Ball) -> float:
        r"""At least V of a residual."""
        components = (Ball(metric.q.T) @ residual.reshape(-1, 1)).mag()[:, 0]
        # The true components are those of a nearby vector; V is a norm.
        missed = up(metric.tilt * norm(components) * np.sqrt(metric.d[-1]) / metric.d[0], 8)
        squares = up(components**2 / metric.d, 2)
        n, blocks = len(squares), len(self.weights)
        roots = np.sqrt(up(self.terms @ squares, n))
        return float(up(up(self.weights @ roots, blocks + 3) + missed, 1))

    def largest(self, rounds: int = 400) -> float:
        r"""At least c: by $\sqrt t \le (b + t/b)/2$, with b near the maximum."""
        n, blocks = self.terms.shape[1], len(self.weights)
        rho = np.full(n, 1.0 / n)
        best = np.inf
        for left in reversed(range(rounds)):
            b = np.sqrt(np.maximum(self.terms @ rho, 1e-280))
            slopes = (self.weights / b) @ self.terms
            if left % 50 == 0:
                bound = 0.5 * (self.weights @ b) + 0.5 * np.max(slopes)
                best = min(best, float(up(bound, n + blocks + 8)))
            rho = rho * slopes**2
            rho = np.maximum(rho / np.sum(rho), 1e-60)
        return best


def linear_path(eigenvalues: np.ndarray, step: arb) -> LinearPath:
    """The sum for descent with a step of at most the inverse of the largest eigenvalue.

    Raises:
        UndecidedError: the step is so short that the numbers of steps leave the whole numbers.
    """
    mu = [step * arb(float(value)) for value in eigenvalues]
    least = float_down(mu[0])
    if not least > SHORTEST:
        raise UndecidedError(f"a step that shrinks the slowest part by {least:.3g} is too short")
    upper = np.array([float_up(value) for value in mu])
    factor = np.array([max(float_up(1 - value), 0.0) for value in mu])
    ends = list(range(17))
    while ends[-1] * least < DECAY:
        ends.append(int(ends[-1] * RATIO) + 1)
    lengths = np.diff(ends)
    weights = np.zeros(len(ends))
    weights[:-1] += 0.5 * (lengths + 1)
    weights[1:] += 0.5 * (lengths - 1)
    weights[-1] += up(1.0 / least, 2)
    squares = up(factor * factor, 1)
    terms = np.stack([up(upper * upper * _power(squares, end), 2) for end in ends])
    return LinearPath(up(weights, 1), terms)


def _power(base: np.ndarray, exponent: int) -> np.ndarray:
    """At least the power of non-negative numbers."""
    result = np.ones_like(base)
    while exponent:
        if exponent & 1:
            result = up(result * base, 1)
        base, exponent = up(base * base, 1), exponent >> 1
    return result
