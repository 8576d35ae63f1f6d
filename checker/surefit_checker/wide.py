"""Arrays of arbs, balls of any precision, with the operations of `Ball`: small and slow."""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

from surefit_checker.ball import Ball, up
from surefit_checker.verdict import UndecidedError

LIMIT = 2**21  # entries of an array
LARGE = 400  # rows of a matrix whose eigenvalues are bounded

_arbs = np.frompyfunc(arb, 1, 1)
_balls = np.frompyfunc(arb, 2, 1)


def _data(x) -> np.ndarray:
    if isinstance(x, Wide):
        return x.data
    if isinstance(x, Ball):
        return np.asarray(_balls(x.mid, x.rad), dtype=object)
    return np.asarray(_arbs(np.asarray(x, dtype=np.float64)), dtype=object)


class Wide:
    """An array of real numbers, each within its own arb; see `Ball` for the operations."""

    def __init__(self, data):
        self.data = data if isinstance(data, np.ndarray) and data.dtype == object else _data(data)
        if self.data.size > LIMIT:
            raise UndecidedError("the network is too large for this precision")

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the array."""
        return self.data.shape

    def ball(self) -> Ball:
        """Rounded to float64."""
        values = self.data.ravel().tolist()
        mid = np.array([float(x.mid()) for x in values]).reshape(self.shape)
        rad = np.array([float(x.rad()) for x in values]).reshape(self.shape)
        return Ball(mid, up(rad * (1 + 2.0**-50) + 2.0**-51 * np.abs(mid), 4))

    def __neg__(self) -> Wide:
        return Wide(-self.data)

    def __add__(self, other) -> Wide:
        return Wide(self.data + _data(other))

    def __sub__(self, other) -> Wide:
        return Wide(self.data - _data(other))

    def __mul__(self, other) -> Wide:
        return Wide(self.data * _data(other))

    def __matmul__(self, other) -> Wide:
        a, b = self.data, _data(other)
        stack = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        shape = (*stack, a.shape[-2], b.shape[-1])
        a = np.broadcast_to(a, (*stack, *a.shape[-2:])).reshape(-1, *a.shape[-2:])
        b = np.broadcast_to(b, (*stack, *b.shape[-2:])).reshape(-1, *b.shape[-2:])
        found = np.empty((len(a), *shape[-2:]), dtype=object)
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            product = arb_mat(x.tolist()) * arb_mat(y.tolist())
            found[i] = np.array(product.entries(), dtype=object).reshape(shape[-2:])
        return Wide(found.reshape(shape))

    def sum(self, axis: int) -> Wide:
        """Over one axis."""
        return Wide(np.sum(self.data, axis))

    def __getitem__(self, index) -> Wide:
        return Wide(self.data[index])

    def reshape(self, *shape: int) -> Wide:
        """The same entries in another shape."""
        return Wide(self.data.reshape(*shape))

    def transpose(self, *axes: int) -> Wide:
        """With the axes in another order."""
        return Wide(self.data.transpose(*axes))

    @property
    def T(self) -> Wide:
        """The transpose of a matrix."""
        return self.transpose(1, 0)

    def with_column(self, value: float) -> Wide:
        """One more entry, the same everywhere, along the last axis."""
        column = _data(np.full((*self.shape[:-1], 1), value))
        return Wide(np.concatenate([self.data, column], -1))

    def where(self, mask: np.ndarray, value: float) -> Wide:
        """With an exact number in the places of the mask."""
        return Wide(np.where(mask, arb(value), self.data))

    def map(self, function) -> Wide:
        """A function of arbs, applied to every entry."""
        return Wide(np.asarray(np.frompyfunc(function, 1, 1)(self.data), dtype=object))

    def least_eigenvalue(self) -> arb:
        r"""A lower bound of $\lambda_{\min}$ of a symmetric matrix: t, if K - tI has a factor.

        t is a little below the Rayleigh quotient of a vector found by inverse iteration.
        """
        n = self.shape[0]
        if n > LARGE:
            raise UndecidedError("the kernel is too large for this precision")
        rough = self.ball().mid
        values, vectors = np.linalg.eigh(0.5 * (rough + rough.T))
        size = max(float(np.max(np.abs(values))), 1e-300)
        middle = arb_mat(self.data.tolist()).mid()
        shifted = middle - arb(float(values[0]) - 1e-11 * size) * _identity(n)
        x = arb_mat([[arb(float(v))] for v in vectors[:, 0]])
        for _ in range(6):
            try:
                x = shifted.solve(x).mid()
            except ZeroDivisionError:  # the entries are as different as 1e300 and 1
                return arb("-inf")
            x = x * (1 / sum((e * e for e in x.entries()), arb(0)).sqrt()).mid()
        quotient = ((x.transpose() * middle * x)[0, 0]).mid()
        for slack in (2.0**-52, 2.0**-40, 2.0**-30, 2.0**-20, 2.0**-10, 0.5):
            t = (quotient - slack * abs(quotient)).lower()
            if _positive_definite(self.data - t * _data(np.eye(n))):
                return t
        return arb("-inf")


def _identity(n: int) -> arb_mat:
    return arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])


def _positive_definite(a: np.ndarray) -> bool:
    """Whether elimination in balls meets only positive pivots: then the matrix is."""
    a = a.copy()
    for i in range(len(a)):
        if not a[i, i] > 0:
            return False
        column = a[i + 1 :, i] / a[i, i]
        a[i + 1 :, i + 1 :] = a[i + 1 :, i + 1 :] - column[:, None] * a[i, i + 1 :]
    return True
