"""The smallest width at which descent succeeds with a given probability, from trials."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from surefit.core.laws.logistic import SuccessCurve
from surefit.core.laws.success import require_level
from surefit.errors import InvalidInputError

__all__ = ["Threshold", "width_threshold"]


@dataclasses.dataclass(frozen=True)
class Threshold:
    """The width from which on the probability of success is at least `probability`.

    Args:
        value: the likeliest such width; where it lies outside of the widths that were tried, the
            narrowest or the widest of them.
        low: the lower end of the confidence interval; 0: the trials give none.
        high: the upper end; infinity: the trials give none.
        probability: the probability that is asked for.
        sense: "bracketed": the threshold and both ends lie among the widths that were tried;
            "below": it is at most `value`, the narrowest width; "above": it is beyond `value`, the
            widest one; "unclear": it lies among them, and an end of its interval does not.
    """

    value: float
    low: float
    high: float
    probability: float
    sense: str


def width_threshold(
    widths: Any, successes: Any, trials: Any, probability: float = 0.9, level: float = 0.95
) -> Threshold:
    r"""The smallest width with a probability of success of at least `probability`.

    The probability is taken to be logistic in the logarithm of the width and not to fall. The
    value is that of maximum likelihood; the interval holds all widths whose profile likelihood,
    maximised over the slope, is not below the maximum by more than half the quantile of
    $\chi^2_1$. Nothing is extrapolated: an end of the interval beyond the widths that were tried is
    0 or infinity.

    Where no width below the threshold has a success and none above it a failure, every width in
    between is equally likely: the value is the middle of this bracket on a logarithmic scale, and
    the interval contains it. The interval is no larger than the bracket where there are trials
    enough: for 0.9 and a level of 0.95 one failure below and 19 successes above, because
    $0.9^{19}$ is the first power below $e^{-1.92}$. If there is one width in between at which some
    trials succeed and some fail, the value is the middle of the places next to it that have nine
    tenths of the largest likelihood.

    In simulations with 5 to 100 trials at each of six widths the interval had the truth in 92 to 99
    of 100 cases where the probability was logistic, normal, or a Weibull curve in the logarithm of
    the width, and in 79 to 90 where it rose quickly and saturated slowly ($\exp(-(w_0/w)^2)$):
    then take widths close to the threshold.

    Args:
        widths: of the networks that were tried, in any order; equal ones are added up.
        successes: of each.
        trials: of each; widths without trials are left out.
        probability: the probability of success that is asked for.
        level: the confidence level of the interval.

    Returns:
        The threshold.

    Raises:
        InvalidInputError: no trials, counts that no trials have, a width that is not positive, or
            a probability outside of (0, 1).

    Cost:
        Milliseconds.

    References:
        D. J. Venzon, S. H. Moolgavkar, A method for computing profile-likelihood-based confidence
        intervals, Applied Statistics 37 (1988) 87-94; A. Albert, J. A. Anderson, On the existence
        of maximum likelihood estimates in logistic regression models, Biometrika 71 (1984) 1-10,
        for separated trials.

    Example:
        >>> found = width_threshold([16, 32, 64, 128], [0, 0, 20, 20], [20, 20, 20, 20])
        >>> round(found.value, 1), round(found.low, 1), round(found.high, 1), found.sense
        (45.3, 32.0, 64.0, 'bracketed')
    """
    require_level("width_threshold", probability, "probability")
    require_level("width_threshold", level)
    curve = _curve(widths, successes, trials, probability)
    first, last = float(curve.widths[0]), float(curve.widths[-1])
    best, peak = curve.best()
    cut = peak - float(ndtri(0.5 + level / 2.0)) ** 2 / 2.0
    ends = math.log(first), math.log(last)
    if best <= ends[0]:
        high = _end(curve, ends[1], ends[0], cut, math.inf)
        return Threshold(first, 0.0, high, probability, "below")
    if best > ends[1]:
        low = _end(curve, ends[0], ends[1], cut, 0.0)
        return Threshold(last, low, math.inf, probability, "above")
    low, high = _end(curve, ends[0], best, cut, 0.0), _end(curve, ends[1], best, cut, math.inf)
    sense = "bracketed" if low > 0.0 and math.isfinite(high) else "unclear"
    return Threshold(_width(curve, best), low, high, probability, sense)


def _curve(widths: Any, successes: Any, trials: Any, probability: float) -> SuccessCurve:
    w, s, n = (np.asarray(values, np.float64).reshape(-1) for values in (widths, successes, trials))
    if not len(w) == len(s) == len(n):
        raise InvalidInputError(
            "`width_threshold(widths=..., successes=..., trials=...)` must be equally long. Got "
            f"{len(w)}, {len(s)} and {len(n)} numbers. Each width has its counts. Write one number "
            "of each for every width."
        )
    if not (np.all(s >= 0) and np.all(s <= n) and np.all(np.isfinite(n))):
        raise InvalidInputError(
            "`width_threshold(successes=...)` must be from 0 to the number of trials. Got "
            f"{s.tolist()} of {n.tolist()}. Nothing succeeds more often than it is tried. Exchange "
            "the arguments, or count again."
        )
    if not (np.all(w > 0) and np.all(np.isfinite(w))):
        raise InvalidInputError(
            f"`width_threshold(widths=...)` must be positive and finite. Got {w.tolist()}. Their "
            "logarithms are what the probability depends on. Leave the others out."
        )
    tried = n > 0
    if not tried.any():
        raise InvalidInputError(
            "`width_threshold(trials=...)` must have a trial. Got none. Without one, nothing is "
            "known of any width. Train a network first."
        )
    unique, where = np.unique(w[tried], return_inverse=True)
    return SuccessCurve(
        widths=unique,
        successes=np.bincount(where, s[tried], len(unique)),
        trials=np.bincount(where, n[tried], len(unique)),
        probability=probability,
    )


def _end(curve: SuccessCurve, outer: float, inner: float, cut: float, beyond: float) -> float:
    """Where the likelihood falls below the cut, between the likely place and the outer one.

    Args:
        curve: the trials.
        outer: the logarithm of the outermost width that was tried.
        inner: of the likeliest place, or of the nearest width that was tried.
        cut: the log-likelihood that decides.
        beyond: what to return where even the outer one is likely.
    """
    if curve.likelihood(outer) >= cut:
        return beyond
    at = inner
    if curve.likelihood(inner) >= cut:
        at = brentq(lambda log_width: curve.likelihood(log_width) - cut, outer, inner, xtol=1e-6)
    return _width(curve, at)


def _width(curve: SuccessCurve, log_width: float) -> float:
    """The width; one that was tried if it is next to it, where the likelihood of a step jumps."""
    nearest = float(curve.widths[np.argmin(np.abs(np.log(curve.widths) - log_width))])
    return nearest if abs(math.log(nearest) - log_width) < 2e-4 else math.exp(log_width)
