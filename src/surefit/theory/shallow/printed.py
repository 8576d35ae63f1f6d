r"""Theorems 1 and 2 and Lemma 2 as printed, with a name for every constant hidden in O(.).

Each constant has the default 1; whatever depends on one carries its name and decides nothing.

References:
    Song et al. (2021), arXiv 2111.01875, Lemma 2, Theorem 1 with equation (9), Theorem 2.
"""

from __future__ import annotations

import dataclasses
import math

from surefit.core.check import Check
from surefit.core.spectrum import Enclosure
from surefit.theory.conditions import positive_definite
from surefit.theory.shallow.framework import SQUARE_PL, Convergence, NearIsometry, at_most

__all__ = ["HiddenConstants", "printed_descent", "printed_flow", "printed_path"]


@dataclasses.dataclass(frozen=True)
class HiddenConstants:
    """The constants that the paper hides.

    Args:
        c_length: in the length of the path, Lemma 2.
        c_initial: in the condition (9) on the start.
        c_step: in the step size of Theorem 2.
        c_rate: the universal constant C in the rate of Theorem 2.
    """

    c_length: float = 1.0
    c_initial: float = 1.0
    c_step: float = 1.0
    c_rate: float = 1.0


def printed_path(
    isometry: NearIsometry,
    initial: Enclosure,
    pl: float = SQUARE_PL,
    constants: HiddenConstants | None = None,
) -> float:
    r"""Lemma 2: $C_{\text{length}}\,\nu\sqrt{h_0}/(\mu^2\sqrt{\alpha_f})$, infinite if $\mu = 0$.

    It bounds the length of the flow's path inside the ball. `explicit.flow` has
    $2\sqrt{2h_0}/(\mu\sqrt{\alpha_f})$, without the factor $\nu/\mu$.
    """
    c = (constants or HiddenConstants()).c_length
    if isometry.mu.lower == 0.0:
        return math.inf
    return c * isometry.nu.upper * math.sqrt(initial.upper / pl) / isometry.mu.lower**2


def printed_flow(
    isometry: NearIsometry,
    initial: Enclosure,
    pl: float = SQUARE_PL,
    constants: HiddenConstants | None = None,
) -> Convergence:
    r"""Theorem 1: the flow converges under (9).

    (9) is $h_0 \le C_{\text{initial}}\,\alpha_f\mu^6/(\beta^2\nu^2)$. The paper states convergence
    without a rate; $e^{-\alpha_f\mu^2t/2}$ holds in the ball of Lemma 1 (proof in `explicit`).
    """
    constants = constants or HiddenConstants()
    threshold, hypotheses = _nine(isometry, initial, pl, constants)
    return Convergence(
        form="Theorem 1 as printed",
        dynamics="gradient_flow",
        hypotheses=hypotheses,
        initial=initial,
        threshold=threshold,
        speed=pl * isometry.mu.lower**2 / 2.0,
        power=1,
        step=None,
        radius=_radius(isometry),
        path=printed_path(isometry, initial, pl, constants),
        source="Song et al. (2021), Theorem 1",
        unstated=("c_initial", "c_length"),
    )


def printed_descent(
    isometry: NearIsometry,
    initial: Enclosure,
    loss_gradient: float,
    pl: float = SQUARE_PL,
    smoothness: float = SQUARE_PL,
    step: float | None = None,
    constants: HiddenConstants | None = None,
) -> Convergence:
    r"""Theorem 2: $h_k \le (1 - C_{\text{rate}}\eta\alpha_f\mu^2)^kh_0$ under (9).

    The step is at most $C_{\text{step}}\mu^2/(\beta\|\nabla f(\Phi(w_0))\| + \beta\mu^2 +
    \beta_f\nu^2)$. The numerator is printed so; a step has the dimension of $1/\mu^2$, which this
    quotient does not have. Use the forms of `explicit` for numbers.

    Args:
        isometry: $\mu$, $\nu$, $\beta$.
        initial: $h_0$.
        loss_gradient: $\|\nabla f(\Phi(w_0))\|$; for the square $2\sqrt{h_0}$.
        pl: $\alpha_f$.
        smoothness: $\beta_f$.
        step: $\eta$, to be checked; None: no check.
        constants: the hidden ones; None: all 1.
    """
    constants = constants or HiddenConstants()
    threshold, hypotheses = _nine(isometry, initial, pl, constants)
    mu, nu, beta = isometry.mu.lower, isometry.nu.upper, isometry.beta.upper
    scale = beta * loss_gradient + beta * mu**2 + smoothness * nu**2
    largest = constants.c_step * mu**2 / scale if scale else math.inf
    if step is not None:
        name = "step for h <= c_step mu^2 / (beta |grad f| + beta mu^2 + beta_f nu^2)"
        hypotheses += (Check(name, step, largest, unstated=("c_step",)),)
    return Convergence(
        form="Theorem 2 as printed",
        dynamics="gradient_descent",
        hypotheses=hypotheses,
        initial=initial,
        threshold=threshold,
        speed=constants.c_rate * pl * mu**2,
        power=1,
        step=largest,
        radius=_radius(isometry),
        path=printed_path(isometry, initial, pl, constants),
        source="Song et al. (2021), Theorem 2",
        unstated=tuple(field.name for field in dataclasses.fields(HiddenConstants)),
    )


def _radius(isometry: NearIsometry) -> float:
    beta = isometry.beta.upper
    return isometry.mu.lower / (2.0 * beta) if beta else math.inf


def _nine(
    isometry: NearIsometry, initial: Enclosure, pl: float, constants: HiddenConstants
) -> tuple[Enclosure, tuple[Check, ...]]:
    scale = constants.c_initial * pl

    def formula(mu: float, nu: float, beta: float) -> float:
        return scale * mu**6 / (beta * nu) ** 2 if beta * nu else math.inf

    threshold = isometry.enclose(formula)
    name = "h(w_0) <= c_initial alpha_f mu^6 / (beta^2 nu^2)"
    return threshold, (
        *isometry.checks,
        positive_definite("mu > 0", isometry.mu),
        at_most(name, initial, threshold, ("c_initial",), isometry.source),
    )
