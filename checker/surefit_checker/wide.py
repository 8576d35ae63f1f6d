"""Arrays of arbs, balls of any precision: small and slow, for what float64 cannot decide."""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

from surefit_checker.ball import Array, Ball, up
from surefit_checker.verdict import UndecidedError, float_down

LIMIT = 2**21  # entries of an array
LARGE = 400  # rows of a matrix whose eigenvalues are bounded


def _arbs(x) -> np.ndarray:
    if isinstance(x, Wide):
        return x.data
    if isinstance(x, Ball):
        return np.asarray(np.frompyfunc(arb, 2, 1)(x.mid, x.rad), dtype=object)
    x = np.asarray(x)
    return x if x.dtype == object else np.asarray(np.frompyfunc(arb, 1, 1)(x), dtype=object)


class Wide(Array):
    """An array of real numbers, each within its own arb; the operations are those of `Ball`."""

    def __init__(self, data):
        self.data = _arbs(data)
        self.parts = (self.data,)
        if self.data.size > LIMIT:
            raise UndecidedError("the network is too large for this precision")

    def ball(self) -> Ball:
        """Rounded to float64."""
        parts = (np.frompyfunc(lambda x, f=f: float(f(x)), 1, 1) for f in (arb.mid, arb.rad))
        mid, rad = (np.asarray(part(self.data), np.float64) for part in parts)
        return Ball(mid, up(rad * (1 + 2.0**-50) + 2.0**-51 * np.abs(mid), 4))

    def __neg__(self) -> Wide:
        return Wide(-self.data)

    def __add__(self, other) -> Wide:
        return Wide(self.data + _arbs(other))

    def __mul__(self, other) -> Wide:
        return Wide(self.data * _arbs(other))

    def __matmul__(self, other) -> Wide:
        a, b = self.data, _arbs(other)
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        found = np.empty((*stack, a.shape[-2], b.shape[-1]), dtype=object)
        a, b = (np.broadcast_to(x, (*stack, *x.shape[-2:])) for x in (a, b))
        for i in np.ndindex(stack):
            product = arb_mat(a[i].tolist()) * arb_mat(b[i].tolist())
            found[i] = np.array(product.entries(), dtype=object).reshape(found.shape[-2:])
        return Wide(found)

    def map(self, function) -> Wide:
        """A function of arbs, applied to every entry."""
        return Wide(np.asarray(np.frompyfunc(function, 1, 1)(self.data), dtype=object))

    def least_eigenvalue(self) -> float:
        r"""A lower bound of $\lambda_{\min}$ of a symmetric matrix: t, if K - tI has a factor.

        t is a little below the Rayleigh quotient of a vector found by inverse iteration.
        """
        n = self.shape[0]
        if n > LARGE:
            raise UndecidedError("the kernel is too large for this precision")
        rough = self.ball().mid
        values, vectors = np.linalg.eigh(0.5 * (rough + rough.T))
        below = float(values[0]) - 1e-11 * max(float(np.max(np.abs(values))), 1e-300)
        middle, one = arb_mat(self.data.tolist()).mid(), _arbs(np.eye(n))
        shifted = middle - arb(below) * arb_mat(one.tolist())
        x = arb_mat(_arbs(vectors[:, :1]).tolist())
        for _ in range(6):
            try:
                x = shifted.solve(x).mid()
            except ZeroDivisionError:  # the entries are as different as 1e300 and 1
                return -np.inf
            x = x * (1 / sum((e * e for e in x.entries()), arb(0)).sqrt()).mid()
        quotient = ((x.transpose() * middle * x)[0, 0]).mid()
        for slack in (2.0**-52, 2.0**-40, 2.0**-30, 2.0**-20, 2.0**-10, 0.5):
            t = (quotient - slack * abs(quotient)).lower()
            if _positive_definite(self.data - t * one):
                return float_down(t)
        return -np.inf


def _positive_definite(a: np.ndarray) -> bool:
    """Whether elimination in balls meets only positive pivots: then the matrix is."""
    a = a.copy()
    for i in range(len(a)):
        if not a[i, i] > 0:
            return False
        column = a[i + 1 :, i] / a[i, i]
        a[i + 1 :, i + 1 :] = a[i + 1 :, i + 1 :] - column[:, None] * a[i, i + 1 :]
    return True
