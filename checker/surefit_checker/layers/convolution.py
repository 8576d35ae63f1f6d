r"""Convolutions and means over windows: dense layers on the patches that windows see.

What every window sees is a table of indices into flat examples, of shape (windows, entries of a
patch), with the number of all entries standing for a zero beyond the border. Every entry of an
example is seen at most q times, so that the step to the patches has a norm of at most $\sqrt q$
(docs/certificates/curvature.md, convolutions).
"""

import functools
import math
import operator
from types import SimpleNamespace

import numpy as np

from surefit_checker.activations import activation
from surefit_checker.ball import LIMIT, Array, Ball, norm, outer_gram, up
from surefit_checker.layers.dense import Dense
from surefit_checker.layers.layer import sizes
from surefit_checker.layers.windows import inverse_table, window_table
from surefit_checker.spectrum import SHARP, operator_norm, operator_norms, row_norms
from surefit_checker.verdict import demand


class Convolution(Dense):
    """One layer, with the `table`, and `back`: which entries of it hold an entry of an example."""

    def __init__(self, spec: SimpleNamespace) -> None:
        table, windows = window_table(spec.shape, spec.window, spec.strides, spec.padding)
        self.table = table.reshape(len(table), -1)
        own = () if spec.shared else (len(table),)
        super().__init__(spec, self.table.shape[1:], windows, own)
        self._prepare()

    def _prepare(self) -> None:
        self.shared, spec = self.weights.shape[0] == 1, self.spec
        targets = spec.folder.arrays[spec.folder.spec.network.targets]
        jacobian = math.prod(self.weights.shape) * targets.size if self.shared else 0
        fits = max(self.table.size * len(targets), jacobian) <= LIMIT
        demand(fits, f"layer {spec.name} is larger than this checker takes")
        self.back = inverse_table(self.table, math.prod(spec.shape))

    @property
    def spread(self) -> float:
        """The root of q."""
        return float(up(np.sqrt(self.back.shape[1]), 1))

    def see(self, flat: Array | np.ndarray, beyond: float | bool) -> Array | np.ndarray:
        """What every window sees: (samples, windows, entries)."""
        if isinstance(flat, np.ndarray):
            return np.concatenate([flat, np.full((len(flat), 1), beyond)], 1)[:, self.table]
        return flat.with_column(beyond)[:, self.table]

    def sent_back(self, patches: Array) -> Array:
        """Sums over the windows that see an entry."""
        seen = patches.reshape(patches.shape[0], -1).with_column(0.0)[:, self.back]
        return seen @ Ball(np.ones((seen.shape[2], 1)))

    def own_kernel(self) -> Array:
        """With rows (sample, output)."""
        (n, k, p, f), q = self.e.shape, self.patches.shape[2]
        if self.shared and p > 1:
            j = (self.e.T @ self.patches.reshape(n, 1, p, q)).reshape(n * k, f * q)
            return j @ j.T
        e, u = self.e.reshape(n * k, p, f), self.patches
        return functools.reduce(operator.add, (outer_gram(e[:, i], u[:, i]) for i in range(p)))

    def through(self, own: float) -> float:
        """By the norms of all windows' matrices."""
        norms = max(operator_norm(one) for one in self.weights.ball())
        return up(abs(self.spec.skip_in) + self.reach * (norms + own), 4)

    def seen(self, patches: Ball) -> np.ndarray:
        """Of all patches; of those at one window, if windows have weights of their own."""
        each = row_norms(patches)
        shared = np.minimum(operator_norms(patches, SHARP), norm(each, 1))
        return sizes(shared if self.shared else np.max(each, 1), self.together(patches))

    def together(self, a: Ball) -> float:
        """Of all patches, or of those at one window."""
        if self.shared:
            return super().together(a)
        return max(operator_norm(one) for one in a.transpose(1, 0, 2))

    def grain(self, e: Ball, outputs: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Frobenius norms, where there are several windows."""
        if e.shape[2] == 1:
            return outputs
        each = up(norm(e.mag(), (1, 2, 3)) + moved[1:], 1)
        return sizes(np.minimum(each, outputs[0]), outputs[0])


class Mean(Convolution):
    """Means over the rows of a table."""

    def __init__(self, spec: SimpleNamespace, table: np.ndarray, shape: tuple[int, ...]) -> None:
        members, fixed = table.shape[1], {"factor": 1.0, "skip_in": 0.0, "skip_out": 0.0}
        self.spec = SimpleNamespace(**vars(spec), **fixed, gain=1.0, bias=None)
        self.activation = activation(SimpleNamespace(name="identity"))
        self.table, self.shape, self.slot, self.bias = table, shape, None, None
        self.weights = spec.make(np.ones((1, 1, members))).map(lambda x: x / members)
        self._prepare()


def pool(spec: SimpleNamespace) -> Mean:
    """Means over windows, channel by channel."""
    table, windows = window_table(spec.shape, spec.window, spec.strides, spec.padding)
    table = table.transpose(0, 2, 1).reshape(-1, table.shape[1])
    return Mean(spec, table, (*windows, spec.shape[-1]))


def global_average(spec: SimpleNamespace) -> Mean:
    """Means over all positions, channel by channel."""
    table = np.arange(math.prod(spec.shape)).reshape(-1, spec.shape[-1]).T
    return Mean(spec, table, spec.shape[-1:])
