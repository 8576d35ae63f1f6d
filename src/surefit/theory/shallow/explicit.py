r"""Three forms of the convergence theorem in which every constant is explicit.

All are about $h = f \circ \Phi$; those of descent about $h = \|\Phi - Y\|^2$ without the factor
1/2, so that a step $\eta$ for $h$ is $2\eta$ for half the square.

Proofs, with $r = \Phi - Y$ and everything inside the ball of Lemma 1:

* Flow. $\|\nabla h\| \ge \frac\mu2\|\nabla f\| \ge \frac\mu2\sqrt{2\alpha_fh}$. Per unit of length,
  $\sqrt h$ falls by $\|\nabla h\|/(2\sqrt h) \ge \frac\mu4\sqrt{2\alpha_f}$: the path is no longer
  than $2\sqrt{2h_0}/(\mu\sqrt{\alpha_f})$, which is at most $\mu/(2\beta)$ by hypothesis; and
  $\dot h = -\|\nabla h\|^2 \le -\frac12\alpha_f\mu^2h$.
* Descent. $r_{k+1} = (I - 2\eta JJ^\top)r_k + e$, $\|e\| \le \frac\beta2\|2\eta J^\top r_k\|^2$.
  With $\eta \le 2/(9\nu^2)$, $2\eta\|J\|^2 \le 1$, so that $\|(I - 2\eta JJ^\top)r\| \le
  (1 - \frac12\eta\mu^2)\|r\|$ and $\|e\| \le \eta\beta\|r\|^2 \le \frac14\eta\mu^2\|r\|$ as soon as
  $\|r\| \le \mu^2/(4\beta)$. Hence $\|r_k\| \le (1 - \frac14\eta\mu^2)^k\|r_0\|$, and the steps,
  $\|2\eta J^\top r_k\| \le 3\eta\nu\|r_k\|$, sum to at most $12\nu\|r_0\|/\mu^2$, which is at most
  $\mu/(2\beta)$ by hypothesis.
* Descent, short path: the theorem of Oymak and Soltanolkotabi with $\alpha = \mu/2$, whose ball
  of radius $4\|r_0\|/\alpha$ lies in that of Lemma 1 by hypothesis.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from surefit.core.check import Check
from surefit.core.spectrum import Enclosure
from surefit.theory.conditions import positive_definite
from surefit.theory.shallow.framework import SQUARE_PL, Convergence, NearIsometry, at_most

__all__ = ["descent", "descent_short_path", "flow"]

_Formula = Callable[[float, float, float], float]


def flow(isometry: NearIsometry, initial: Enclosure, pl: float = SQUARE_PL) -> Convergence:
    r"""Gradient flow: $h_0 \le \frac{\alpha_f\mu^4}{32\beta^2}$ suffices.

    Then $h(t) \le e^{-\alpha_f\mu^2t/2}h_0$ on a path of length at most
    $2\sqrt{2h_0}/(\mu\sqrt{\alpha_f})$. For the square the condition is $\sqrt{h_0} \le
    \mu^2/(4\beta)$, the exponent $\mu^2t$ and the length $2\sqrt{h_0}/\mu$. The ratio $\nu/\mu$
    does not enter.

    Args:
        isometry: $\mu$, $\nu$, $\beta$.
        initial: $h_0 = h(w_0)$.
        pl: $\alpha_f$.
    """
    mu = isometry.mu.lower
    threshold = isometry.enclose(_over(lambda mu, nu, beta: pl * mu**4, 32.0, 2, 0))
    return Convergence(
        form="flow, sharp",
        dynamics="gradient_flow",
        hypotheses=_hypotheses(isometry, initial, threshold, "alpha_f mu^4 / (32 beta^2)"),
        initial=initial,
        threshold=threshold,
        speed=pl * mu**2 / 2.0,
        power=1,
        step=None,
        radius=_radius(isometry),
        path=_per(2.0 * math.sqrt(2.0 * initial.upper / pl), mu),
        source="Song et al. (2021), Theorem 1, with constants",
    )


def descent(isometry: NearIsometry, initial: Enclosure, step: float | None = None) -> Convergence:
    r"""Gradient descent, the paper's condition: $h_0 \le \frac{\mu^6}{576\beta^2\nu^2}$ suffices.

    With $\eta \le \frac2{9\nu^2}$, $h_k \le (1 - \frac14\eta\mu^2)^{2k}h_0$ on a path of length at
    most $12\nu\sqrt{h_0}/\mu^2$.

    Args:
        isometry: $\mu$, $\nu$, $\beta$.
        initial: $h_0 = \|\Phi(w_0) - Y\|^2$.
        step: $\eta$, to be checked; None: no check.
    """
    mu, nu = isometry.mu.lower, isometry.nu.upper
    threshold = isometry.enclose(_over(lambda mu, nu, beta: mu**6, 576.0, 2, 2))
    largest = _per(2.0, 9.0 * nu**2)
    return Convergence(
        form="descent, paper",
        dynamics="gradient_descent",
        hypotheses=_hypotheses(isometry, initial, threshold, "mu^6 / (576 beta^2 nu^2)")
        + _step(step, largest, "2 / (9 nu^2)"),
        initial=initial,
        threshold=threshold,
        speed=mu**2 / 4.0,
        power=2,
        step=largest,
        radius=_radius(isometry),
        path=_per(12.0 * nu * math.sqrt(initial.upper), mu**2),
        source="Song et al. (2021), Theorem 2, with constants",
    )


def descent_short_path(
    isometry: NearIsometry, initial: Enclosure, step: float | None = None
) -> Convergence:
    r"""Gradient descent, short path: $h_0 \le \frac{\mu^4}{256\beta^2}$ suffices.

    That is $\sqrt{h_0} \le \mu^2/(16\beta)$. On the ball of radius $R = 8\sqrt{h_0}/\mu$ the
    derivative is at most $B = \nu + \min(\beta R, \frac\mu2)$. With $\eta \le 1/(4B^2)$, half of
    what is allowed for half the square, $h_k \le (1 - \frac14\eta\mu^2)^kh_0$, and $R$ bounds the
    path. (The factor $\min(1, \alpha^2/(\beta\sqrt{h_0}))$ in their step is 1 under the condition.)

    Args:
        isometry: $\mu$, $\nu$, $\beta$.
        initial: $h_0 = \|\Phi(w_0) - Y\|^2$.
        step: $\eta$, to be checked; None: no check.

    References:
        S. Oymak, M. Soltanolkotabi (2019), arXiv 1812.10004, section 2; restated with proof in
        `theory.theorems.oymak_soltanolkotabi_2019`.
    """
    mu, nu, beta = isometry.mu.lower, isometry.nu.upper, isometry.beta.upper
    threshold = isometry.enclose(_over(lambda mu, nu, beta: mu**4, 256.0, 2, 0))
    radius = _per(8.0 * math.sqrt(initial.upper), mu)
    growth = mu / 2.0 if math.isinf(radius) else min(beta * radius, mu / 2.0)
    largest = _per(1.0, 4.0 * (nu + growth) ** 2)
    return Convergence(
        form="descent, short path",
        dynamics="gradient_descent",
        hypotheses=_hypotheses(isometry, initial, threshold, "mu^4 / (256 beta^2)")
        + _step(step, largest, "1 / (4 B^2)"),
        initial=initial,
        threshold=threshold,
        speed=mu**2 / 4.0,
        power=1,
        step=largest,
        radius=radius,
        path=radius,
        source="Oymak, Soltanolkotabi (2019), section 2, with Lemmas 1 and 3 of Song et al. (2021)",
    )


def _per(numerator: float, denominator: float) -> float:
    """A quotient that is infinite where the denominator is 0, unless the numerator is as well."""
    if denominator > 0.0:
        return numerator / denominator
    return math.inf if numerator > 0.0 else 0.0


def _over(numerator: _Formula, constant: float, of_beta: int, of_nu: int) -> _Formula:
    return lambda mu, nu, beta: _per(numerator(mu, nu, beta), constant * beta**of_beta * nu**of_nu)


def _radius(isometry: NearIsometry) -> float:
    return _per(isometry.mu.lower, 2.0 * isometry.beta.upper)


def _hypotheses(
    isometry: NearIsometry, initial: Enclosure, threshold: Enclosure, formula: str
) -> tuple[Check, ...]:
    return (
        *isometry.checks,
        positive_definite("mu > 0", isometry.mu),
        at_most(f"h(w_0) <= {formula}", initial, threshold, note=isometry.source),
    )


def _step(step: float | None, largest: float, formula: str) -> tuple[Check, ...]:
    if step is None:
        return ()
    return (Check(f"step for h <= {formula}", step, largest, note="for h without the factor 1/2"),)
