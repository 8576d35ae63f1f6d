r"""Arrays of balls: midpoints and radii in float64, every rounding error enclosed.

Assumed: IEEE-754 double precision, rounding to nearest (subnormal results may be flushed to zero),
and matrix products that add up the rounded (or fused) products of entries in any order: no
Strassen-like algorithm, no lower internal precision. Then the error of a product over k terms is at
most $\gamma_k|A||B|$, $\gamma_k = ku/(1-ku)$ (Higham 2002, Accuracy and stability of numerical
algorithms, section 3.5), and 0 where all terms are multiples of one power of 2 and small enough.
"""

from __future__ import annotations

import numpy as np
from flint import arb

from surefit_checker.verdict import UndecidedError

U = 2.0**-53
FLOOR = 2.0**-1000  # more than all underflows of one operation together
LIMIT = 2**26  # entries of any array that a network may need
LONG = 2**12  # terms beyond which products get cheap bounds


def up(x, operations: int):
    """An upper bound of a sum of products of non-negative numbers, given its float value.

    `operations` roundings at most lie between any input and the result, so the true value is at
    most x / (1 - u)^operations.
    """
    return x * (1.0 + (2 * operations + 6) * U) + FLOOR


def gamma(terms: int) -> float:
    """At least ku/(1 - ku)."""
    return (terms + 2) * U * (1.0 + 2.0**-20)


def leading(a: np.ndarray, axis: int) -> np.ndarray:
    r"""The leading bits of entries along an axis: multiples of one number; the rest is a float.

    With $k < 2^l$ entries the multiples are at most $2^b$, $2b + l \le 53$, so that partial sums of
    k products of two such entries are multiples, by at most $2^{53}$, of one number: they are not
    rounded (docs/certificate-format.md, the checker).
    """
    largest = np.max(np.abs(a), axis, keepdims=True)
    grid = largest * 2.0 ** ((58 + a.shape[axis].bit_length()) // 2)
    # Nothing leaves the range of normal floats.
    return np.where((largest > 2.0**-900) & (largest < 2.0**900), (a + grid) - grid, 0.0)


def norm(x: np.ndarray, axis=None) -> np.ndarray:
    """Upper bounds of Euclidean norms of arrays of upper bounds of absolute values."""
    scale = float(np.max(x))  # so that no square leaves the range
    if scale == 0.0:
        return np.sum(x, axis)
    terms = x.size if axis is None else int(np.prod([x.shape[a] for a in np.atleast_1d(axis)]))
    return up(up(np.sqrt(up(np.sum(up(x / scale, 1) ** 2, axis), terms + 3)), 2) * scale, 2)


class Array:
    """What arrays of balls share, whatever their precision: `parts` are arrays of one shape."""

    parts: tuple[np.ndarray, ...]

    def each(self, function):
        """With a rearrangement applied to every part."""
        return type(self)(*map(function, self.parts))

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return self.parts[0].shape

    @property
    def T(self):
        """The transposes of the matrices."""
        return self.each(lambda a: np.swapaxes(a, -1, -2))

    def reshape(self, *shape: int):
        """The same entries in another shape."""
        return self.each(lambda a: a.reshape(*shape))

    def transpose(self, *axes: int):
        """With the axes in another order."""
        return self.each(lambda a: a.transpose(*axes))

    def join(self, other):
        """With another array beside it, along the last axis."""
        pairs = zip(self.parts, other.parts, strict=True)
        return type(self)(*[np.concatenate(pair, -1) for pair in pairs])

    def with_column(self, value: float):
        """With one more entry, the same everywhere, along the last axis."""
        return self.join(type(self)(np.full((*self.shape[:-1], 1), value)))

    def mag(self) -> np.ndarray:
        """Upper bounds of the absolute values."""
        ball = self.ball()
        return up(np.abs(ball.mid) + ball.rad, 1)

    def __getitem__(self, index):
        return self.each(lambda a: a[index])

    def __sub__(self, other):
        return self + -other

    def __rsub__(self, other):
        return -self + other


class Ball(Array):
    """An array of real numbers, entry by entry within `rad` of `mid`; floats are exact."""

    def __init__(self, mid: np.ndarray | float, rad: np.ndarray | float = 0.0):
        self.mid = np.asarray(mid, dtype=np.float64)
        self.rad = np.broadcast_to(np.asarray(rad, dtype=np.float64), self.mid.shape)
        self.parts = self.mid, self.rad
        # An overflow makes every later comparison worthless.
        if not (np.isfinite(self.mid).all() and np.isfinite(self.rad).all()):
            raise UndecidedError("numbers outside the range of float64 appear")

    def ball(self) -> Ball:
        """Itself; other precisions are converted."""
        return self

    def __neg__(self) -> Ball:
        return Ball(-self.mid, self.rad)

    def __add__(self, other: Ball | float) -> Ball:
        other = other if isinstance(other, Ball) else Ball(other)
        mid = self.mid + other.mid
        return Ball(mid, up(self.rad + other.rad + U * np.abs(mid), 3))

    def __mul__(self, other: Ball | float) -> Ball:
        other = other if isinstance(other, Ball) else Ball(other)
        mid = self.mid * other.mid
        first, second = np.abs(self.mid), np.abs(other.mid)
        rad = first * other.rad + self.rad * (second + other.rad) + U * np.abs(mid)
        return Ball(mid, up(rad, 6))

    def __matmul__(self, other: Ball) -> Ball:
        """The product of matrices, or of stacks of them."""
        terms, first, second = self.shape[-1], np.abs(self.mid), np.abs(other.mid)
        if other.rad.any() or terms > LONG:
            mid = self.mid @ other.mid
            rad = first @ (other.rad + gamma(terms) * second)
        else:  # an exact factor: only what is behind the leading bits is added with rounding
            a, b = leading(self.mid, -1), leading(other.mid, -2)
            behind, rest = self.mid - a, other.mid - b
            mid = a @ b + (a @ rest + behind @ other.mid)
            behind, rest = (up(gamma(terms + 1) * np.abs(x), 1) for x in (behind, rest))
            rad = np.abs(a) @ rest + behind @ second + U * np.abs(mid)
        if self.rad.any():
            rad = rad + self.rad @ (second + other.rad)
        return Ball(mid, up(rad, terms + 8))

    def map(self, function) -> Ball:
        """A function of arbs, applied to every entry."""
        found = map(function, map(arb, self.mid.ravel().tolist(), self.rad.ravel().tolist()))
        pairs = ((float(y.mid()), float(y.rad())) for y in found)
        mid, rad = np.fromiter(pairs, (float, 2)).T.reshape(2, *self.shape)
        # Both conversions may be off by a unit in the last place.
        return Ball(mid, up(rad * (1.0 + 8 * U) + 4 * U * np.abs(mid), 4))


def outer_gram(e: Array, u: Array) -> Array:
    """The Gram matrix of the outer products of derivatives of outputs and what weights see."""
    each = np.repeat(np.arange(u.shape[0]), e.shape[0] // u.shape[0])
    return (e @ e.T) * (u @ u.T)[np.ix_(each, each)]
