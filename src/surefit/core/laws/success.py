"""The probability of success behind a count of successes."""

from __future__ import annotations

import math

from scipy.special import ndtri

from surefit.errors import InvalidInputError

__all__ = ["require_level", "success_interval"]


def success_interval(successes: int, trials: int, level: float = 0.95) -> tuple[float, float]:
    r"""The interval of Wilson for the probability behind `successes` of `trials`.

    All $p$ with $(\hat p - p)^2 \le z^2p(1-p)/k$ for $k$ trials. Its coverage is about `level` on
    average over $p$ and can be some per cent less near 0 and 1.

    Args:
        successes: how many trials succeeded.
        trials: how many there were; of none the interval is from 0 to 1.
        level: the confidence level.

    Returns:
        Both ends.

    Raises:
        InvalidInputError: counts that no trials have, or a level outside of (0, 1).

    References:
        E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22
        (1927) 209-212; L. D. Brown, T. T. Cai, A. DasGupta, Interval estimation for a binomial
        proportion, Statistical Science 16 (2001) 101-133, section 3.1.1.

    Example:
        >>> low, high = success_interval(8, 10)
        >>> round(low, 3), round(high, 3)
        (0.49, 0.943)
    """
    require_level("success_interval", level)
    if not 0 <= successes <= trials:
        raise InvalidInputError(
            f"`success_interval(successes=...)` must be from 0 to the number of trials. Got "
            f"{successes} of {trials}. Nothing succeeds more often than it is tried. Exchange the "
            "arguments, or count again."
        )
    if trials == 0:
        return 0.0, 1.0
    share, z2 = successes / trials, float(ndtri(0.5 + level / 2.0)) ** 2
    centre = (share + z2 / (2 * trials)) / (1 + z2 / trials)
    spread = share * (1 - share) / trials + z2 / (4 * trials**2)
    half = math.sqrt(z2 * spread) / (1 + z2 / trials)
    # Exactly 0 and 1 at the ends, which rounding may miss.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def require_level(function: str, level: float, name: str = "level") -> None:
    """Refuse a probability of 0, 1 or beyond.

    Raises:
        InvalidInputError: it is one.
    """
    if not 0.0 < level < 1.0:
        raise InvalidInputError(
            f"`{function}({name}=...)` must be above 0 and below 1. Got {level}. It is a "
            "probability, and no number of trials shows certainty. Write 0.95, say."
        )
