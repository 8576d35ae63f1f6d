r"""Condition 1 and the step bound of Ling et al. (2023), for a ball of any radius.

For weights within $\delta$ of the start, $\bar\rho_\bullet = \|\bullet(0)\| + \delta$ bounds their
norms, and with $\|W\| < 1$ the gradients: $\|\nabla_W\Phi\| \le c_w\|X\|_F\|r\|$ and likewise for
$U$ and $a$. (7) keeps descent inside the ball; (8) keeps $\lambda_{\min}(G)$ above $\lambda_0/2$;
(9) dominates the cross terms of one step.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np

__all__ = ["BallOfLing", "best_ball", "largest_output_factor"]

_GRID = 400
_REFINEMENTS = 4


@dataclasses.dataclass(frozen=True)
class BallOfLing:
    r"""A start and a ball around it.

    Args:
        delta: $\delta$, its radius for each of $W$, $U$, $a$.
        w: $\|W(0)\|$.
        u: $\|U(0)\|$.
        a: $\|a(0)\|$.
        x: $\|X\|_F$.
        e0: $\|\hat y(0) - y\|$.
        least: $\lambda_0 = \lambda_{\min}(G(0))$.
    """

    delta: float
    w: float
    u: float
    a: float
    x: float
    e0: float
    least: float

    @property
    def c_w(self) -> float:
        r"""$\bar\rho_u\bar\rho_a/(1 - \bar\rho_w)^2$."""
        return (self.u + self.delta) * (self.a + self.delta) / self._room**2

    @property
    def c_u(self) -> float:
        r"""$\bar\rho_a/(1 - \bar\rho_w)$."""
        return (self.a + self.delta) / self._room

    @property
    def c_a(self) -> float:
        r"""$\bar\rho_u/(1 - \bar\rho_w)$."""
        return (self.u + self.delta) / self._room

    @property
    def bounds(self) -> tuple[float, float, float]:
        r"""What (7), (8) and (9) ask $\lambda_0$ to be at least.

        (8) asks $\lambda_0^{3/2}$ to be at least $4(2 + \sqrt2)\bar\rho_a^{-1}(c_w^2 +
        c_u^2)\|X\|_F^2e_0$; here it stands as its power 2/3.
        """
        return self._seventh, self._eighth ** (2.0 / 3.0), self._ninth

    @property
    def slacks(self) -> tuple[float, float, float]:
        """Left over right side of (7), (8) and (9) as printed; at least 1 where they hold."""
        return (
            _ratio(self.least, self._seventh),
            _ratio(self.least**1.5, self._eighth),
            _ratio(self.least, self._ninth),
        )

    @property
    def movement(self) -> tuple[float, float, float]:
        r"""$\frac4{\lambda_0}c_\bullet\|X\|_Fe_0$ for $W$, $U$, $a$: at most $\delta$ by (7)."""
        unit = 4.0 * self.x * self.e0 / self.least
        return self.c_w * unit, self.c_u * unit, self.c_a * unit

    @property
    def step(self) -> float:
        r"""The bound on the step.

        $\min\{\frac2{\lambda_0}, \frac{2(c_w^2 + c_u^2)}{(c_w^2 + c_u^2 + c_a^2)^2\|X\|_F^2}\}$.
        """
        two = self.c_w**2 + self.c_u**2
        return min(2.0 / self.least, 2.0 * two / ((two + self.c_a**2) * self.x) ** 2)

    @property
    def _room(self) -> float:
        return 1.0 - self.w - self.delta

    @property
    def _seventh(self) -> float:
        return 4.0 / self.delta * max(self.c_w, self.c_u, self.c_a) * self.x * self.e0

    @property
    def _eighth(self) -> float:
        squares = (self.c_w**2 + self.c_u**2) * self.x**2
        return 4.0 * (2.0 + math.sqrt(2.0)) * squares * self.e0 / (self.a + self.delta)

    @property
    def _ninth(self) -> float:
        return 4.0 * (self.c_w**2 + self.c_u**2) * self.x**2


def _ratio(left: float, right: float) -> float:
    return math.inf if right == 0.0 else left / right


def best_ball(w: float, u: float, a: float, x: float, e0: float, least: float) -> BallOfLing:
    r"""The ball with the largest smallest slack among all $\delta$ with $\|W(0)\| + \delta < 1$.

    (8) and (9) get harder with $\delta$; (7) is hard for small and for large $\delta$. A geometric
    grid, refined around its best point: four times, to a relative $10^{-9}$.

    Args:
        w: $\|W(0)\|$, below 1.
        u: $\|U(0)\|$.
        a: $\|a(0)\|$.
        x: $\|X\|_F$.
        e0: $\|\hat y(0) - y\|$.
        least: $\lambda_0$.
    """
    low, high = 1e-12 * (1.0 - w), (1.0 - w) * (1.0 - 1e-9)
    for _ in range(_REFINEMENTS):
        radii = np.geomspace(low, high, _GRID)
        balls = [BallOfLing(float(radius), w, u, a, x, e0, least) for radius in radii]
        best = int(np.argmax([min(ball.slacks) for ball in balls]))
        low, high = float(radii[max(best - 1, 0)]), float(radii[min(best + 1, _GRID - 1)])
    return balls[best]


def largest_output_factor(w: float, u: float, a: float, x: float, least: float) -> float:
    r"""By what factor at most the output weights may be multiplied for (9) to hold.

    For $\delta \to 0$, (9) is $\lambda_0 \ge 4\|a(0)\|^2\big(\frac{\|U(0)\|^2}{(1 - \|W(0)\|)^4} +
    \frac1{(1 - \|W(0)\|)^2}\big)\|X\|_F^2$, and $\lambda_0$ does not depend on $a$.

    Args:
        w: $\|W(0)\|$.
        u: $\|U(0)\|$.
        a: $\|a(0)\|$.
        x: $\|X\|_F$.
        least: $\lambda_0$.
    """
    limit = BallOfLing(0.0, w, u, a, x, 0.0, least)
    return math.sqrt(max(least, 0.0) / (4.0 * (limit.c_w**2 + limit.c_u**2))) / x
