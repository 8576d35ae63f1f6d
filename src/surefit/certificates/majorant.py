r"""Kantorovich's majorant: one scalar function that descent on the network cannot outrun.

With $\sigma \le \sigma_{\min}(J(\theta_0))$ and a non-decreasing $L(s)$ that bounds
$\lVert D^2f\rVert$ on the ball of radius $s$ around $\theta_0$,

$$g(s) = \lVert r_0\rVert - \sigma s + \int_0^s (s-u)L(u)\,du .$$

The residual norm after a path of length $s$ is at most $g(s)$; the first zero $s^*$ of $g$ bounds
the whole path. Here $L$ is a step function, so that $g$ is quadratic between two knots. The proof
is in docs/certificates/descent.md.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator

__all__ = ["Majorant", "Root", "knots"]


@dataclasses.dataclass(frozen=True)
class Root:
    r"""The first zero of the majorant.

    Args:
        radius: $s^*$.
        bend: $\int_0^{s^*}L$: how far the Jacobian can move on the way, in operator norm.
        slope: $-g'(s^*)$.
    """

    radius: float
    bend: float
    slope: float


@dataclasses.dataclass(frozen=True)
class _Piece:
    start: float
    width: float
    curvature: float
    descended: float  # how far g has fallen at the start of the piece
    slope: float  # -g' at the start of the piece
    bend: float  # integral of L up to the start of the piece


@dataclasses.dataclass(frozen=True)
class Majorant:
    r"""$g$ for a step function L.

    Args:
        sigma: $\sigma$.
        knots: (right end, value) of each step of L, with increasing ends and values. Nothing is
            known beyond the last end.
    """

    sigma: float
    knots: tuple[tuple[float, float], ...]

    def _pieces(self) -> Iterator[_Piece]:
        start, descended, slope, bend = 0.0, 0.0, self.sigma, 0.0
        for end, curvature in self.knots:
            width = end - start
            yield _Piece(start, width, curvature, descended, slope, bend)
            if slope <= curvature * width:
                return  # g rises from within this piece on
            if not math.isinf(width):
                descended += slope * width - 0.5 * curvature * width**2
                slope, bend, start = slope - curvature * width, bend + curvature * width, end

    def fire_residual(self) -> float:
        r"""The largest $\lVert r_0\rVert$ for which g has a zero: $\max_s(g(0) - g(s))$."""
        best = 0.0
        for piece in self._pieces():
            best = max(best, piece.descended + _drop(piece))
        return best

    def root(self, residual: float) -> Root | None:
        r"""The first zero of g for $\lVert r_0\rVert$ = `residual`; None where there is none."""
        for piece in self._pieces():
            left = residual - piece.descended
            below = piece.slope**2 - 2 * piece.curvature * left
            if piece.slope <= 0 or below < 0:
                continue
            # The stable form of the smaller root of left - slope t + curvature t^2 / 2.
            t = 2 * left / (piece.slope + math.sqrt(below))
            if t <= piece.width:
                return Root(piece.start + t, piece.bend + piece.curvature * t, math.sqrt(below))
        return None


def _drop(piece: _Piece) -> float:
    """How far g falls within a piece."""
    if piece.slope <= piece.curvature * piece.width:
        return 0.5 * piece.slope**2 / piece.curvature if piece.curvature > 0 else 0.0
    if math.isinf(piece.width):
        return math.inf
    return piece.slope * piece.width - 0.5 * piece.curvature * piece.width**2


def knots(
    lipschitz: Callable[[float], float],
    sigma: float,
    affine: bool = False,
    pieces: int = 8,
    reach: float = math.inf,
) -> tuple[tuple[float, float], ...]:
    r"""Steps for L from upper bounds on balls, up to where g must have turned.

    Since $L \ge L(0)$, $g' \ge 0$ from $\sigma/L(0)$ on. The radii are dense near 0, where L has
    the most weight in g.

    Args:
        lipschitz: non-decreasing upper bound of the Lipschitz constant of J by radius.
        sigma: $\sigma > 0$.
        affine: whether the network is affine in its parameters; then L is 0 everywhere.
        pieces: how many steps, that is evaluations.
        reach: the largest radius for which there is a bound.
    """
    if affine:
        return ((math.inf, 0.0),)
    start = lipschitz(0.0)
    if start > 0:
        end = sigma / start
    else:  # flat at the centre: go on to where the curvature takes the singular value
        scales = [10.0**exponent for exponent in range(-6, 7)]
        end = next((r for r in scales if lipschitz(r) * r >= sigma), scales[-1])
    end = min(end, reach)
    ends = [end * ((i + 1) / pieces) ** 2 for i in range(pieces)]
    # The largest ball first: what is known on it helps on the smaller ones.
    return tuple((radius, lipschitz(radius)) for radius in reversed(ends))[::-1]
