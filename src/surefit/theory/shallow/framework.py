r"""Objectives $h = f \circ \Phi$ with a near-isometric derivative: the lemmas of the framework.

$\Phi$ maps parameters to outputs, $f \ge 0$ measures the outputs. The statements rest on three
numbers at the start $w_0$ and on one property of $f$:

* near-isometry: $\mu \le \sigma_{\min}(\nabla\Phi^*(w_0)) \le \sigma_{\max}(\nabla\Phi^*(w_0))
  \le \nu$;
* smoothness: $\sigma_{\max}(\nabla\Phi(u) - \nabla\Phi(v)) \le \beta\|u - v\|$;
* the PL condition: $f \le \|\nabla f\|^2/(2\alpha_f)$.

For $f = \|\Phi - Y\|^2$, without a factor 1/2, $\alpha_f = \beta_f = 2$.

References:
    Song, Ramezani-Kebrya, Pethick, Eftekhari, Cevher (2021), Subquadratic overparameterization for
    shallow neural networks, arXiv 2111.01875, Definitions 1-3, Lemmas 1 and 2.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

from surefit.core.check import Check, Sense
from surefit.core.rounding import UNIT_ROUNDOFF
from surefit.core.spectrum import Enclosure

__all__ = ["SQUARE_PL", "Convergence", "NearIsometry", "StableBall", "at_most", "stable_ball"]

SQUARE_PL = 2.0
r"""$\alpha_f$, and the smoothness $\beta_f$, of $f = \|\Phi - Y\|^2$."""

_SLACK = 64.0 * UNIT_ROUNDOFF  # roundings of a formula of a dozen operations, powers included


@dataclasses.dataclass(frozen=True)
class NearIsometry:
    r"""$\mu$, $\nu$ and $\beta$ with enclosures.

    Args:
        mu: lower bound on the smallest singular value of $\nabla\Phi^*(w_0)$.
        nu: upper bound on the largest.
        beta: Lipschitz constant of $\nabla\Phi$ on the ball of radius $\mu/(2\beta)$.
        checks: what these numbers rest on.
        source: how they were obtained.
    """

    mu: Enclosure
    nu: Enclosure
    beta: Enclosure
    checks: tuple[Check, ...] = ()
    source: str = ""

    def enclose(self, formula: Callable[[float, float, float], float]) -> Enclosure:
        r"""A formula that rises with $\mu$ and falls with $\nu$ and $\beta$, with its rounding."""
        low = formula(self.mu.lower, self.nu.upper, self.beta.upper)
        value = formula(self.mu.value, self.nu.value, self.beta.value)
        high = formula(self.mu.upper, self.nu.lower, self.beta.lower)
        return Enclosure(low * (1.0 - _SLACK), value, high * (1.0 + _SLACK))


@dataclasses.dataclass(frozen=True)
class StableBall:
    r"""A ball around the start in which the derivative stays near-isometric.

    Args:
        radius: of the ball.
        smallest: lower bound on $\sigma_{\min}$ in it.
        largest: upper bound on $\sigma_{\max}$ in it.
    """

    radius: Enclosure
    smallest: float
    largest: float


def stable_ball(isometry: NearIsometry) -> StableBall:
    r"""Lemma 1: where singular values lie between $\mu/2$ and $3\nu/2$.

    That is so for $\|w - w_0\| \le \mu/(2\beta)$. Proof: singular values move by no
    more than $\beta\|w - w_0\| \le \mu/2 \le \nu/2$ (Weyl).

    References:
        Song et al. (2021), Lemma 1.
    """

    def radius(mu: float, nu: float, beta: float) -> float:
        return mu / (2.0 * beta) if beta else math.inf

    return StableBall(isometry.enclose(radius), isometry.mu.lower / 2.0, 1.5 * isometry.nu.upper)


@dataclasses.dataclass(frozen=True)
class Convergence:
    r"""What a form of the theorem says: hypotheses, rate, step and path.

    Args:
        form: its name.
        dynamics: `gradient_flow` or `gradient_descent`.
        hypotheses: checked.
        initial: $h(w_0)$.
        threshold: what $h(w_0)$ must not exceed.
        speed: flow: $h(t) \le e^{-at}h(w_0)$ with this $a$; descent with step $\eta$: $h(w_k) \le
            (1 - \eta a)^{pk}h(w_0)$.
        power: $p$.
        step: the largest step for $h$; None for flow.
        radius: of the ball in which the iterates stay.
        path: bound on the length of the path.
        source: where the statement is from.
        unstated: names of constants that the source leaves unstated.
    """

    form: str
    dynamics: str
    hypotheses: tuple[Check, ...]
    initial: Enclosure
    threshold: Enclosure
    speed: float
    power: int
    step: float | None
    radius: float
    path: float
    source: str
    unstated: tuple[str, ...] = ()

    @property
    def holds(self) -> bool | None:
        """True if every hypothesis holds, False if one fails, None if that cannot be said."""
        verdicts = {check.holds for check in self.hypotheses}
        if False in verdicts:
            return False
        return None if None in verdicts else True

    @property
    def excess(self) -> float:
        r"""$h(w_0)$ over its threshold: at most 1 where the condition holds."""
        if self.initial.value == 0.0:
            return 0.0
        return self.initial.value / self.threshold.value if self.threshold.value else math.inf

    def factor(self, step: float | None = None) -> float:
        r"""What $h$ is multiplied by per step of size $\eta$ (None: the largest); per unit of time.

        At least 0; above 1 only where nothing is promised.
        """
        if self.step is None:
            return math.exp(-self.speed)
        return max(0.0, 1.0 - (self.step if step is None else step) * self.speed) ** self.power

    def bound(self, count: int | float, step: float | None = None) -> float:
        """The bound on $h$ after that many steps, or at that time."""
        return self.initial.upper * self.factor(step) ** count


def at_most(
    name: str, value: Enclosure, bound: Enclosure, unstated: tuple[str, ...] = (), note: str = ""
) -> Check:
    """A check of one enclosed number against another."""
    certain = math.isinf(bound.lower) or bound.upper == 0.0
    error = value.error if certain else value.error + bound.error
    return Check(name, value.value, bound.value, Sense.AT_MOST, error, note=note,
                 unstated=unstated)  # fmt: skip
