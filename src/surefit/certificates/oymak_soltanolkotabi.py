"""Gradient descent near an interpolating network, after Oymak and Soltanolkotabi."""

from __future__ import annotations

import math

from surefit.certificates.certifier import BARE, Assessment, Certifier, Dynamics
from surefit.certificates.point import Point
from surefit.certificates.wording import count, number, rate, steps_per_decade
from surefit.core.check import Check, Sense

__all__ = ["OymakSoltanolkotabi"]


class OymakSoltanolkotabi(Certifier):
    r"""Oymak and Soltanolkotabi (2019): descent takes the shortest path to the nearest solution.

    Setting: gradient descent on $\tfrac12\lVert f(\theta)-y\rVert^2$ (other multiples are
    converted).

    Assumptions: on the ball of radius $R = 4\lVert r\rVert/\alpha$ around the saved weights,
    $\alpha \le \sigma_{\min}(J)$, $\lVert J\rVert \le \beta$ and $J$ is $L$-Lipschitz;
    $\eta \le \frac1{2\beta^2}\min(1, \frac{\alpha^2}{L\lVert r\rVert})$. The lower bound on the
    ball follows from the one at its centre, $\sigma$, if $\sigma - LR \ge \alpha$. The largest such
    $\alpha$ is $\tfrac12(\sigma + \sqrt{\sigma^2 - 16L\lVert r\rVert})$, and there is one if and
    only if $16L\lVert r\rVert \le \sigma^2$; that is the condition checked, with L taken on the
    ball of radius $8\lVert r\rVert/\sigma \ge R$. Likewise $\beta = \lVert J\rVert + LR$.

    Guarantee (upper): $\lVert r_k\rVert^2 \le (1-\tfrac12\eta\alpha^2)^k\lVert r_0\rVert^2$, and
    the path is no longer than $R$.

    Constants: explicit; re-derived in docs/certificates/published.md.

    References:
        S. Oymak, M. Soltanolkotabi, Overparameterized nonlinear learning: gradient descent takes
        the shortest path?, ICML 2019, Theorem 2.1.
    """

    theorem = "Oymak, Soltanolkotabi (2019), Theorem 2.1"
    dynamics = ("descent",)

    def assess(self, point: Point, step_size: float | None, dynamics: Dynamics) -> Assessment:
        """The residual is small against the smallest singular value, and the step is small."""
        r, sigma = point.residual, point.sigma.lower
        lipschitz = point.lipschitz(8.0 * r / sigma)
        check = Check(
            "16 L ||r||",
            16.0 * lipschitz * r,
            point.smallest.value,
            Sense.AT_MOST,
            error=point.smallest.error,
            note=f"sigma^2; L = {number(lipschitz)} on the ball of radius {number(8 * r / sigma)}",
        )
        quantities = {
            "lipschitz": lipschitz,
            "condition": 16.0 * lipschitz * r / point.smallest.lower,
            "fire_residual": point.smallest.lower / (16.0 * lipschitz) if lipschitz else math.inf,
        }
        if not check.holds:
            return Assessment((check,), BARE.format(dynamics), quantities)
        # A larger alpha means a smaller ball, on which a smaller L makes alpha larger still.
        for _ in range(2):
            alpha = 0.5 * (sigma + math.sqrt(max(sigma**2 - 16.0 * lipschitz * r, 0.0)))
            radius = 4.0 * r / alpha
            lipschitz = min(lipschitz, point.lipschitz(radius))
        beta = point.beta + lipschitz * radius
        shrink = min(1.0, alpha**2 / (lipschitz * r)) if lipschitz * r > 0 else 1.0
        largest = 0.5 / beta**2 * shrink / point.factor
        step = largest if step_size is None else step_size
        checks = (check, *_ball_checks(point, alpha, lipschitz, radius))
        checks += (Check("step size", step, largest, note="min(1, alpha^2/(L||r||)) / (2 beta^2)"),)
        quantities |= {"step_size": step, "largest_step": largest}
        if not checks[-1].holds:
            return Assessment(checks, BARE.format(dynamics), quantities)
        factor = math.sqrt(1.0 - 0.5 * step * point.factor * alpha**2)
        quantities |= {
            "radius": radius,
            "rate": factor,
            "steps_per_decade": steps_per_decade(factor),
        }
        return Assessment(checks, _claim(point, quantities), quantities)


def _ball_checks(point: Point, alpha: float, lipschitz: float, radius: float) -> tuple[Check, ...]:
    slack = 4e-16 * point.sigma.lower  # alpha solves this equation up to rounding
    return (
        Check(
            "sigma_min(J) - L R",
            point.sigma.lower - lipschitz * radius + slack,
            alpha,
            Sense.AT_LEAST,
            note=f"alpha, a lower bound of sigma_min(J) on the ball of radius {number(radius)}",
        ),
    )


def _claim(point: Point, quantities: dict[str, float]) -> str:
    return (
        f"gradient descent with step size {number(quantities['step_size'])} from the saved weights "
        f"converges to weights with zero training loss: the residual norm, now "
        f"{number(point.residual)}, shrinks by a factor of at most {rate(quantities['rate'])} per "
        f"step on average (ten times smaller within {count(quantities['steps_per_decade'])} "
        f"steps), and the whole path is no longer than {number(quantities['radius'])}"
    )
