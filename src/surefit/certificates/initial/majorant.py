r"""The majorant of Theorem 3: how long the path is, given V, c and how fast J changes."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from scipy.optimize import brentq

from surefit.certificates.initial.features import ROOM, Features

__all__ = ["Majorised", "limit", "majorised"]

_TIGHT = 0.995
"""How full the balls may be: the checker finds all numbers a little larger."""


@dataclasses.dataclass(frozen=True)
class Majorised:
    r"""What follows, or how far it is from that.

    Args:
        lipschitz: $\Lambda_F$ on the balls of the features.
        product: $\Lambda_FV$.
        limit: $\psi_c$, which it must stay below.
        reach: the proposal from which the radii of the balls are made.
        path: $s^*$; NaN where nothing follows.
        phi: $\Lambda_Fs^*$.
        slope: $\chi = \Psi'(s^*)$.
        output: how far an output weight moves at most.
        hidden: how far the hidden weights of a feature move at most.
        crowding: the largest of these ways over the radius of its ball, at most 1.
    """

    lipschitz: float
    product: float
    limit: float
    reach: float
    path: float = math.nan
    phi: float = math.nan
    slope: float = math.nan
    output: float = math.nan
    hidden: float = math.nan
    crowding: float = math.nan


def limit(c: float) -> float:
    r"""$\psi_c = \frac{1+c}{2}\ln(1+\frac1c)-\frac12$."""
    return 0.5 * (1.0 + c) * math.log1p(1.0 / c) - 0.5


def majorised(features: Features, length: float, c: float) -> Majorised:
    r"""The first root of $\Psi(s) = V$, with balls of weights that are just large enough.

    The balls are made from a proposed $t \ge s^*/(1-\varphi)$. How far weights move over the
    radius, the crowding, must be at most 1, and says by how much t must grow where it is not; as
    every way grows with t, the smallest t is found from below, from $V/1.1$ on.

    Args:
        features: of the network.
        length: V of the residual.
        c: the constant.
    """
    reach = length / ROOM
    found = _for_reach(features, length, c, reach)
    for _ in range(500):
        if not found.crowding > _TIGHT:  # also where nothing follows
            break
        reach *= max(found.crowding / _TIGHT, 1.001)
        found = _for_reach(features, length, c, reach)
    return found


def _for_reach(features: Features, length: float, c: float, reach: float) -> Majorised:
    ball = features.within(reach)
    lipschitz = float(np.max(ball.lipschitz))
    found = Majorised(lipschitz, lipschitz * length, limit(c), reach)
    if not found.product < found.limit:
        return found

    def missing(x: float) -> float:
        return (1.0 + c) * math.log1p(x) - c * x - 0.5 * c * x * x - found.product

    phi = float(brentq(missing, 0.0, math.sqrt(1.0 + 1.0 / c) - 1.0, xtol=1e-15))
    path = phi / lipschitz
    output, hidden = (speed * path / (1.0 - phi) for speed in ball.speeds)
    return dataclasses.replace(
        found,
        path=path,
        phi=phi,
        slope=(1.0 - c * phi) / (1.0 + phi) - c * phi,
        output=float(np.max(output)),
        hidden=float(np.max(hidden)),
        crowding=float(max(np.max(output / ball.radii[0]), np.max(hidden / ball.radii[1]))),
    )
