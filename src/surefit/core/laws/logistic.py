r"""The likelihood of a width $w$ at which descent succeeds with probability $p$.

The probability of success is modelled as logistic in the logarithm of the width and never falls,

$$\operatorname{logit}p(v) = \operatorname{logit}p + b\,(\log v - \log w),\qquad b \ge 0.$$
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.optimize import brentq
from scipy.special import log_expit, logit, xlogy

__all__ = ["SuccessCurve"]

_STEEPEST = 1e6
"""A slope beyond which the curve is a step at every distance between widths that matters."""

_BESIDE = 1e-4
"""A distance of logarithms of widths that is none, and which a steep enough curve still sees."""

_AS_LIKELY = 0.9
"""A share of the largest likelihood that is as good as all of it."""


@dataclasses.dataclass(frozen=True)
class SuccessCurve:
    """Counts of success by width, and what the model says of them.

    Args:
        widths: different widths, ascending.
        successes: how many trials of each succeeded.
        trials: how many there were, at least one of each.
        probability: the $p$ whose width is asked for.
    """

    widths: Float[np.ndarray, " w"]
    successes: Float[np.ndarray, " w"]
    trials: Float[np.ndarray, " w"]
    probability: float

    @property
    def step(self) -> int | None:
        """The width where a step begins: none before succeeds, all behind it do; None: no step.

        Then the likelihood grows with the slope for ever.
        """
        some = np.flatnonzero(self.successes > 0)
        failed = np.flatnonzero(self.successes < self.trials)
        first = int(some[0]) if len(some) else len(self.widths) - 1
        return first if not len(failed) or failed[-1] <= first else None

    @property
    def rises(self) -> bool:
        """Whether wider networks succeed more often, as far as the best slope says."""
        t = np.log(self.widths)
        share = self.successes.sum() / self.trials.sum()
        # Above rounding: beyond it there is no line to fit.
        slope = float((self.successes - share * self.trials) @ (t - t.mean()))
        return bool(slope > 1e-9 * self.trials.sum())

    def constant(self, share: float | None = None) -> float:
        """The log-likelihood if the probability is the same at every width, by default the best."""
        s, n = self.successes.sum(), self.trials.sum()
        share = s / n if share is None else share
        return float(xlogy(s, share) + xlogy(n - s, 1.0 - share))

    def likelihood(self, log_width: float) -> float:
        """The largest log-likelihood of all slopes with the threshold at `log_width`."""
        away = np.log(self.widths) - log_width
        offset = float(logit(self.probability))
        s, n = self.successes, self.trials

        def slope_of(b: float) -> float:
            return float((s - n * np.exp(log_expit(offset + b * away))) @ away)

        b = _root(slope_of)
        z = offset + b * away
        # A step leaves exact zeros and infinities: 0 times minus infinity is 0.
        with np.errstate(invalid="ignore"):
            terms = np.where(s > 0, s * log_expit(z), 0.0)
            terms += np.where(n > s, (n - s) * log_expit(-z), 0.0)
        return float(terms.sum())

    def best(self) -> tuple[float, float]:
        """The likeliest threshold as a logarithm of the width, and its log-likelihood.

        Of a step, the logarithmic middle of all places that are equally likely. If some trials of
        the width at the step succeed and some fail, these places begin next to this width, on the
        side where the probability asked for lies, and are those with nine tenths of the largest
        likelihood. Infinite where the probability does not rise with the width:
        nowhere, or everywhere, is it large enough.
        """
        at = self.step
        if at is not None:
            share = self.successes[at] / self.trials[at]
            enough = bool(share >= self.probability)
            s, n, t = self.successes[at], self.trials[at], np.log(self.widths)
            peak = float(xlogy(s, share) + xlogy(n - s, 1.0 - share))
            if 0.0 < share < 1.0:
                return self._beside_step(at, enough, peak), peak
            below, above = (at - 1, at) if enough else (at, at + 1)
            low = -math.inf if below < 0 else float(t[below])
            high = math.inf if above >= len(t) else float(t[above])
            return (low + high) / 2.0, peak
        if not self.rises:
            enough = self.successes.sum() >= self.probability * self.trials.sum()
            return (-math.inf if enough else math.inf), self.constant()
        level, slope = self._fit()
        log_width = (float(logit(self.probability)) - level) / slope
        return log_width, self.likelihood(log_width)

    def _beside_step(self, at: int, enough: bool, peak: float) -> float:
        """The middle of what is as good as likeliest, between the width at a step and the next."""
        t, cut = np.log(self.widths), peak + math.log(_AS_LIKELY)
        side, beyond = (-1, at - 1) if enough else (1, at + 1)
        inner = float(t[at]) + side * _BESIDE
        if not 0 <= beyond < len(t) or self.likelihood(inner) < cut:
            return inner
        outer = float(t[beyond])
        if self.likelihood(outer) < cut:
            outer = float(brentq(lambda w: self.likelihood(w) - cut, inner, outer, xtol=1e-6))
        return (inner + outer) / 2.0

    def _fit(self) -> tuple[float, float]:
        """Value at log-width 0 and slope of the likeliest line; the slope is finite, above 0."""
        t = np.log(self.widths)
        middle = t.mean()
        x = np.stack([np.ones_like(t), t - middle])
        s, n = self.successes, self.trials

        def value(c: Float[np.ndarray, " 2"]) -> float:
            return float(s @ log_expit(c @ x) + (n - s) @ log_expit(-(c @ x)))

        c = np.array([0.0, 0.0])
        for _ in range(200):
            p = np.exp(log_expit(c @ x))
            gradient = x @ (s - n * p)
            move = np.linalg.solve((x * (n * p * (1 - p))) @ x.T, gradient)
            length = 1.0
            # Newton's method overshoots where the curve is nearly a step.
            while value(c + length * move) < value(c) and length > 1e-10:
                length /= 2.0
            c = c + length * move
            if abs(gradient @ move) < 1e-18 * max(1.0, n.sum()):
                break
        return float(c[0] - c[1] * middle), float(c[1])


def _root(slope_of: Callable[[float], float]) -> float:
    """Where a falling function of b >= 0 is zero: 0 if it starts below, the steepest if never."""
    if slope_of(0.0) <= 0.0:
        return 0.0
    high = 1.0
    while slope_of(high) > 0.0:
        high *= 4.0
        if high > _STEEPEST:
            return _STEEPEST
    return float(brentq(slope_of, 0.0, high, xtol=1e-9, rtol=1e-9))
