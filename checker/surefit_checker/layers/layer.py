r"""What all kinds of layers share: an activation, and bounds of derivatives on a ball of weights.

The derivatives are linear in the sizes of a direction's parts. A direction has one part per trained
layer, of Frobenius norms $v_j$ with $\lVert v\rVert_2 = 1$. Of rows $P$, of shape (1 + samples,
parts), the first one bounds the norm over all samples by $\sum_jP_{0j}v_j$, the others the same of
every sample. Sizes, of shape (1 + samples,), are ordered likewise. Entries bound single features,
(samples, features), for directions of norm 1 as a whole.
"""

from types import SimpleNamespace

import numpy as np

from surefit_checker.activations import activation
from surefit_checker.ball import norm, up
from surefit_checker.verdict import RefusedError


class Layer:
    """A layer with an activation; once evaluated it has z, d1, d2 at the saved weights.

    Args:
        spec: its keys in the certificate, and its place: the `folder`; `make`, from arrays to
            balls; `name`, for messages; `shape` of the examples that come in (its own is that of
            what goes out); `slot`, the number of its part of a direction, None if it is not
            trained.
    """

    def __init__(self, spec: SimpleNamespace) -> None:
        self.spec, self.slot, self.activation = spec, spec.slot, activation(spec.activation)

    def bend_on(self, dev: np.ndarray) -> np.ndarray:
        r"""Bounds of the slopes where pre-activations move by at most `dev`.

        $|\phi'| \le |\phi'(z)| + \sup|\phi''|\,dev$, and $|\phi''| \le |\phi''(z)| +
        \sup|\phi'''|\,dev$, which it sets: `turn` bounds changes of slopes, `bend` second
        derivatives, `slopes` the largest slopes of all samples together and of each.

        Raises:
            RefusedError: a pre-activation may reach a kink.
        """
        a, z = self.activation, self.z.ball()
        flips = ~(up(dev + z.rad, 2) < np.abs(z.mid)) & ~self.dead
        if a.kinked and flips.any():
            sample, *entry = map(int, np.argwhere(flips)[0])
            factor = (dev / np.maximum(np.abs(z.mid), 1e-300))[flips][0]
            place = f"pre-activation {entry} of sample {sample} in layer {self.spec.name}"
            moves = f"it moves by up to {factor:.3g} times its size"
            raise RefusedError(f"{place} may change its sign within the ball: {moves}")
        self.turn = np.minimum(up(a.bend * dev, 1), 2 * a.slope)
        self.bend = np.minimum(a.bend, up(self.d2.mag() + a.third * dev, 2))
        slope = np.minimum(a.slope, up(self.d1.mag() + self.turn, 2))
        self.slopes = sizes(np.max(slope.reshape(len(slope), -1), 1))
        return slope

    def with_own(self, rows: np.ndarray, own: np.ndarray) -> np.ndarray:
        """Rows with more, of these sizes, of the layer's part of a direction."""
        rows = rows.copy()
        if self.slot is not None:
            rows[:, self.slot] = up(rows[:, self.slot] + own, 1)
        return rows


def sizes(each: np.ndarray, whole: float | None = None) -> np.ndarray:
    """Of all samples together, by default the largest, and of each."""
    return np.concatenate([[np.max(each) if whole is None else whole], each])


def times(rows: np.ndarray, factor: float | np.ndarray) -> np.ndarray:
    """Rows behind a linear map of this norm, or of these sizes."""
    return up(rows * np.reshape(factor, (-1, 1)), 1)


def within(rows: np.ndarray, rho: float) -> np.ndarray:
    r"""Sizes of the way in the ball of what is differentiated: $\rho\,(\sum_jP_j^2)^{1/2}$."""
    return up(norm(rows, 1) * rho, 1)


def improved(rows: np.ndarray, entry: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and entries, each bound improved by the others."""
    batch = np.minimum(rows[0], norm(rows[1:], 0))
    sample = np.minimum(rows[1:], batch)
    whole = norm(sample, 1).reshape(-1, *[1] * (entry.ndim - 1))
    return np.vstack([batch, sample]), np.minimum(entry, whole)


def bend(q: np.ndarray, rows: np.ndarray, bent: np.ndarray) -> None:
    r"""Adds to q, for every pair of parts, the term with $\phi''$: the first one of "Assembly".

    $\tau\min(P_jp_{j'}, p_jP_{j'})$, where $p$ is the largest row of a sample, or the root of the
    sum over samples of the squares of $\tau_ip_{ij}p_{ij'}$; `bent` are the sizes $\tau$.
    """
    bent, sample = bent[1:, None], rows[1:]
    once = np.outer(rows[0], np.max(bent * sample, 0))
    both = np.array([norm(bent * one[:, None] * sample, 0) for one in sample.T])
    q += up(np.minimum(np.minimum(once, once.T), both), 4)


def couple(q: np.ndarray, slot: int, rows: np.ndarray, outputs: np.ndarray, reach: float) -> None:
    r"""Adds to q the terms $E\dot W\dot h$ of a part, $X_{lj}$ of "Assembly", times a factor.

    $\min(\alpha\bar P_j, \omega\bar p_j)$, or with sums over samples; `rows` are those of
    $\dot h$, `outputs` the sizes of E: $\omega$ of all samples together, $\alpha_i$ of each.
    """
    one = np.minimum(np.max(outputs[1:]) * rows[0], outputs[0] * np.max(rows[1:], 0))
    term = up(reach * np.minimum(one, norm(outputs[1:, None] * rows[1:], 0)), 4)
    q[slot] += term
    q[:, slot] += term
