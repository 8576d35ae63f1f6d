r"""Moments of an equilibrium that is driven by rectified Gaussian features.

The pre-activation of a unit is $X = g + a_+$ with $g = \gamma G$ and $a$ independent and Gaussian.
For two samples, $a, a'$ have variance 1 and correlation $\cos\theta$, and $g, g'$ have variance
$\nu$ and correlation $\cos\psi$. Wanted are
$$K = E[X_+X'_+],\quad S = P(X > 0, X' > 0),\quad T = P(X > 0, X' > 0, a > 0, a' > 0).$$

By Price's theorem $dK = S\,d\operatorname{Cov}(g, g') + T\,d\operatorname{Cov}(a, a')$, and the
derivatives of $S$ and $T$ are Gaussian densities times probabilities of quadrants, which are
elementary. Along the path $(w\theta, w\psi)$, $0 \le w \le 1$, which starts at two equal samples,
every integrand is smooth and nothing cancels: $q - K$ keeps all its digits as $\theta \to 0$.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from jaxtyping import Float

from surefit.errors import NumericalError

__all__ = ["diagonal", "solve"]

NODES = 96
GRADING = 4  # a boundary layer of width gamma at the end of the path towards opposite samples
MOST = 60

Angles = Float[np.ndarray, " angles"]


def diagonal(gain: float) -> tuple[float, float, float]:
    r"""$q = K$, $S$ and $T$ of two equal samples of unit variance, $q$ from its fixed point.

    $q = \gamma^2q/4 + (1+\gamma^2q)T + \gamma\sqrt q/(2\pi)$,
    $T = \frac14 + \frac1{2\pi}\arcsin(1+\gamma^2q)^{-1/2}$, $S = T + \frac14$. The right side is
    concave in $q$ with derivative $\gamma^2S$; Newton's method started above the root converges.

    Raises:
        NumericalError: $\gamma \ge \sqrt2$; the second moment then grows without bound.
    """
    if not 0 < gain < math.sqrt(2):
        raise NumericalError(
            f"The gain of a rectified equilibrium must be above 0 and below sqrt(2). Got {gain}. "
            "Half of the second moment of a Gaussian passes a rectifier, so that from sqrt(2) on "
            "the variances grow at every step and no equilibrium of infinite width exists. Write "
            "a smaller gain; below 1/2 the equilibrium also contracts at finite width."
        )
    # The triangle inequality for sqrt(E X_+^2) bounds the root.
    q = 0.5 / (1.0 - gain / math.sqrt(2)) ** 2
    for _ in range(MOST):
        variance = gain**2 * q
        both = 0.25 + math.asin(1.0 / math.sqrt(1.0 + variance)) / (2 * math.pi)
        image = variance / 4 + (1.0 + variance) * both + math.sqrt(variance) / (2 * math.pi)
        step = (image - q) / (1.0 - gain**2 * (both + 0.25))
        q += step
        if abs(step) <= 4 * math.ulp(q):
            break
    both = 0.25 + math.asin(1.0 / math.sqrt(1.0 + gain**2 * q)) / (2 * math.pi)
    return q, both + 0.25, both


@functools.cache
def _rule() -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Nodes and weights on [0, 1], denser towards 1."""
    v, weight = np.polynomial.legendre.leggauss(NODES)
    rest = (1.0 - v) / 2
    return 1.0 - rest**GRADING, weight / 2 * GRADING * rest ** (GRADING - 1)


def losses(theta: Angles, psi: Angles, variance: float) -> tuple[Angles, Angles, Angles]:
    r"""What $K$, $S$ and $T$ lose from equal samples to the angles $\theta, \psi$ in (0, pi]."""
    w, weight = _rule()
    a, g = w * theta[:, None], w * psi[:, None]
    sin_a, cos_a, sin_g, cos_g = np.sin(a), np.cos(a), np.sin(g), np.cos(g)
    std = math.sqrt(variance)
    # Determinant of the covariance of (g + a, g' + a').
    volume = 4 * (variance * np.cos(g / 2) ** 2 + np.cos(a / 2) ** 2)
    volume = np.sqrt(volume * (variance * np.sin(g / 2) ** 2 + np.sin(a / 2) ** 2))
    inner = np.arctan2(sin_a * sin_g * volume, cos_a * variance * sin_g**2 + cos_g * sin_a**2)
    # Densities at the kinks times 4 pi^2, named by where the two samples are: X = 0 with a > 0
    # (b), X = 0 with a < 0 (g), a = 0 (a). Those of (g, g) and (a, a) have a factor 1/sin, which
    # the path cancels.
    bb = (math.pi - inner) / volume
    spread = np.sqrt(1.0 + variance * sin_g**2)
    bg = np.arctan2(sin_a * spread, cos_a * std * sin_g) / (std * spread)
    spread = np.sqrt(variance + sin_a**2)
    ab = np.arctan2(sin_g * spread, cos_g * sin_a) / spread
    along_g, along_a = variance * psi[:, None] * sin_g, theta[:, None] * sin_a
    in_s = (bb + 2 * bg) * along_g + bb * along_a + (math.pi - a) * psi[:, None]
    in_t = (bb + 2 * ab) * along_a + bb * along_g + (math.pi - g) * theta[:, None]
    weight = weight / (4 * math.pi**2)
    # cos(w psi) - cos(psi), without cancellation.
    left_g = 2 * np.sin((g + psi[:, None]) / 2) * np.sin((1.0 - w) * psi[:, None] / 2)
    left_a = 2 * np.sin((a + theta[:, None]) / 2) * np.sin((1.0 - w) * theta[:, None] / 2)
    both = 0.25 + math.asin(1.0 / math.sqrt(1.0 + variance)) / (2 * math.pi)
    first = 2 * variance * (both + 0.25) * np.sin(psi / 2) ** 2 + 2 * both * np.sin(theta / 2) ** 2
    second = (in_s * variance * left_g + in_t * left_a) @ weight
    return first - second, in_s @ weight, in_t @ weight


def solve(theta: Angles, gain: float) -> tuple[Angles, Angles, Angles]:
    r"""$K$, $S$ and $T$ at the fixed point, where $\operatorname{Cov}(g, g') = \gamma^2K$.

    Newton's method for $y = q - K$, whose image has the derivative $\gamma^2S$ (Price). The image
    of $K$ is convex in $K$ and positive, so that the iteration rises from $K = 0$ to the root.

    Cost: about 100 elementary functions per node of the path, angle and iteration.

    Raises:
        NumericalError: $\gamma \ge \sqrt2$.
    """
    q, s, t = diagonal(gain)
    y = np.full_like(theta, q)
    for _ in range(MOST):
        psi = 2 * np.arcsin(np.sqrt(y / (2 * q)))
        image, lost_s, lost_t = losses(theta, psi, gain**2 * q)
        done = np.all(np.abs(image - y) <= 1e-14 * y)
        rest = 1.0 - gain**2 * (s - lost_s)
        y = np.clip(y + (image - y) / rest, 0.0, q)
        if done:
            break
    else:
        raise NumericalError(
            "The covariances of a rectified equilibrium must converge. Got none within 1e-14 "
            f"after {MOST} steps at the gain {gain}. The nearer the gain is to sqrt(2), the "
            "larger the variances and the slower the iteration. Write a smaller gain."
        )
    return q - y, s - lost_s, t - lost_t
