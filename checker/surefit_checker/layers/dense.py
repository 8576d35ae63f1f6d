r"""Dense layers, and what other layers share with them, on flat examples.

$z = \alpha h + W\,(s\,\text{patches of } h, s_b)$, $h' = \beta h + t\phi(z)$ with the skips
$\alpha$ and $\beta$, the factors s, $s_b$ and the gain t of the format. Entries of z are numbered
by (window, feature): a dense layer has one window, through which it sees everything, one patch.

`forward` and `backward` enclose the layer at the saved weights, `own_kernel` is its part of the
tangent kernel; `first` and `second` bound first and second derivatives on the ball of radius rho
around the saved weights. That is the theorem on chains (docs/certificates/curvature.md; its
paragraphs are quoted), with $C$ and $E$ the derivatives of the outputs for $h'$ and $z$.
"""

import math
from types import SimpleNamespace

import numpy as np

from surefit_checker.ball import Array, Ball, norm, outer_gram, up
from surefit_checker.layers.layer import Layer, bend, couple, improved, sizes, times, within
from surefit_checker.spectrum import SHARP, operator_norm, operator_norms, row_norms
from surefit_checker.verdict import demand


class Dense(Layer):
    """One layer: `weights` (windows, or 1 if they share weights; features out; entries of a patch).

    Args:
        spec: as in `Layer`.
        seen: the number of entries of a patch, if it is not an example.
        windows: their numbers along all axes.
        own: the number of all of them, if each has weights of its own.
    """

    spread = 1.0  # of the step from features to patches, in norm

    def __init__(self, spec: SimpleNamespace, seen=(), windows=(), own=()) -> None:
        super().__init__(spec)
        w, seen, self.bias = spec.folder.array(spec.weights), seen or spec.shape, None
        fits = w.ndim == 2 + len(own) and (*w.shape[:-2], *w.shape[-1:]) == (*own, *seen)
        demand(fits, f"layer {spec.name}: weights {w.shape} cannot act on examples {spec.shape}")
        if spec.bias is not None:
            b = spec.folder.array(spec.bias.values)
            fits = b.shape == w.shape[:-1] and (spec.trained or not spec.bias.trained)
            demand(fits, f"layer {spec.name}: the bias does not fit the weights")
            self.bias = spec.make(b.reshape(-1, w.shape[-2]))
        self.shape = (*windows, w.shape[-2])
        fits = math.prod(self.shape) == math.prod(spec.shape) or not (spec.skip_in or spec.skip_out)
        demand(fits, f"layer {spec.name}: a skip needs as many features out as in")
        self.weights = spec.make(w.reshape(-1, *w.shape[-2:]))

    def see(self, flat: Array | np.ndarray, beyond: float | bool) -> Array | np.ndarray:
        """The patches (samples, windows, entries) of flat features; `beyond` the border is this."""
        return flat.reshape(flat.shape[0], 1, flat.shape[1])

    def sent_back(self, patches: Array) -> Array:
        """The adjoint of `see`."""
        return patches

    def forward(self, h: Array, dead: np.ndarray) -> tuple[Array, np.ndarray]:
        """Outgoing features; and which entries are 0 whatever the weights are."""
        n, self.size = h.shape
        self.patches = self.see(h, 0.0) * self.spec.factor
        z = at_windows(self.patches, self.weights.T)
        still = self.see(dead, True).all(-1)[..., None] & np.full(z.shape, self.bias is None)
        if self.bias is not None:
            z = z + self.bias * self.spec.bias.factor
            if self.spec.bias.trained:
                self.patches = self.patches.with_column(self.spec.bias.factor)
        if self.spec.skip_in:
            z, still = z + h.reshape(*z.shape) * self.spec.skip_in, still & dead.reshape(z.shape)
        # Where z is 0 for all weights, the slope does not matter, at a kink either.
        self.z, self.dead = z, still & (self.activation.kinked or self.activation.linear)
        value, d1, self.d2 = self.activation.at(z)
        self.d1 = d1 * (1.0 - self.dead)
        out, passes = value.reshape(n, -1) * self.spec.gain, self.dead.reshape(n, -1)
        if self.spec.skip_out:
            out, passes = out + h * self.spec.skip_out, passes & dead
        return out, passes

    def backward(self, c: Array) -> Array:
        r"""C of the incoming features: $\beta C + EM$, $E = tC\phi'(z)$, $M = \alpha I + sW$."""
        (n, k), (p, f) = c.shape[:2], self.z.shape[1:]
        self.c = c.reshape(n, k, p, f)
        self.e = self.c * (self.d1 * self.spec.gain).reshape(n, 1, p, f)
        g = self.sent_back(at_windows(self.e.reshape(n * k, p, f), self.weights))
        g = g.reshape(n, k, self.size) * self.spec.factor
        if self.spec.skip_in:
            g = g + self.e.reshape(n, k, self.size) * self.spec.skip_in
        return g + c * self.spec.skip_out if self.spec.skip_out else g

    def own_kernel(self) -> Array:
        r"""Its part of the tangent kernel, $EE^\top\circ hh^\top$, with rows (sample, output)."""
        return outer_gram(self.e.reshape(-1, self.e.shape[-1]), self.patches[:, 0])

    def through(self, own: float) -> float:
        r"""A bound of $\lVert M'\rVert \le \lVert M\rVert + s\rho$, for weights within `own`."""
        s, w = self.spec.factor, self.weights.ball()[0]
        whole = w * s + Ball(self.spec.skip_in * np.eye(*w.shape))
        return up(operator_norm(whole) + s * own, 3)

    def seen(self, patches: Ball) -> np.ndarray:
        """Sizes of what the weights see."""
        return sizes(row_norms(patches)[:, 0], self.together(patches))

    def together(self, a: Ball) -> float:
        """The norm of the matrices at all windows, stacked: of what the weights meet."""
        return operator_norm(a.reshape(-1, a.shape[-1]))

    def grain(self, e: Ball, outputs: np.ndarray, moved: np.ndarray) -> np.ndarray:
        """Sizes of derivatives as at all windows stacked; they move by `moved`."""
        return outputs

    def first(self, rows: np.ndarray, entry: np.ndarray, rho: float) -> tuple[np.ndarray, ...]:
        r"""Rows and entries of the outgoing features from those of the incoming.

        "First derivatives", with the ways of "One budget for all layers": $P_l = \lVert M'\rVert
        \bar P_{l-1}$, and $s(\lVert H\rVert + \delta)$ for the own part; $\bar P_l =
        \beta\bar P_{l-1} + t\kappa P_l$.
        """
        s, t, skip_in = self.spec.factor, self.spec.gain, abs(self.spec.skip_in)
        own, skip_out = 0.0 if self.slot is None else rho, abs(self.spec.skip_out)
        w, patches = self.weights.ball(), self.patches.ball()
        self.reach = up(s * self.spread, 1)  # of a change of the weights, through the patches
        self.norm, self.rows_in = self.through(own), rows
        z = times(rows, self.norm)
        # What the change of an entry is made of: first, of the patch that it sees, by
        # Cauchy-Schwarz or entry by entry.
        near = self.see(entry, 0.0)
        seen = np.minimum(norm(near, -1), norm(rows[1:], 1)[:, None])[..., None]
        single = up(at_windows(near, w.T.mag()), near.shape[2] + 1)
        change = s * (np.minimum(seen * row_norms(w), single) + own * seen)
        change = up(change + (skip_in * entry.reshape(change.shape) if skip_in else 0.0), 6)
        if self.slot is not None:
            grown = up(self.reach * within(rows, rho), 1)
            z = self.with_own(z, up(self.seen(patches) + grown, 2))
            # Then, of the layer's own weights: other coordinates of the direction.
            more = np.minimum(grown[1:, None, None], s * rho * seen)
            more = up(row_norms(patches)[..., None] + more, 4)
            change = up(np.sqrt(up(more**2 + change**2, 3)), 2)
        self.rows_z, change = improved(z, change)
        slope = self.bend_on(up(change * rho, 1))
        out = up(times(self.rows_z, up(t * self.slopes, 1)) + times(rows, skip_out), 1)
        after = up(t * slope * change, 4).reshape(len(slope), -1)
        return improved(out, up(after + skip_out * entry, 2) if skip_out else after)

    def second(self, rows: np.ndarray, rho: float, q: np.ndarray) -> np.ndarray:
        r"""Adds the layer's part of the curvature to q; rows of C of the incoming features.

        "Assembly", and "Backward" as rows: $\dot E = t(\dot CD + C\phi''\dot z)$, $\dot C_{l-1} =
        \beta\dot C + \dot EM + sE\dot W$.
        """
        (n, k, p, f), t = self.e.shape, self.spec.gain
        columns = up(norm(self.c.mag(), 1) + within(rows, rho)[1:, None, None], 1)
        bent = sizes(up(t * np.max(self.bend * columns, (1, 2)), 3))
        bend(q, self.rows_z, bent)
        change = up(times(rows, up(t * self.slopes, 1)) + times(self.rows_z, bent), 1)  # of e
        inward = up(times(change, self.norm) + times(rows, abs(self.spec.skip_out)), 1)
        if self.slot is None:
            return inward
        e, moved = self.e.ball(), within(change, rho)
        moved[0] = min(moved[0], norm(moved[1:]))
        outputs = operator_norms(e.reshape(n, k, p * f), SHARP)
        outputs = up(sizes(outputs, self.together(e.reshape(n * k, p, f))) + moved, 1)
        couple(q, self.slot, self.rows_in, outputs, self.reach)
        grain = up(self.reach * self.grain(e, outputs, moved), 1)
        return self.with_own(inward, grain)


def at_windows(a: Array | np.ndarray, w: Array | np.ndarray) -> Array | np.ndarray:
    """Products of (samples, windows, entries) with the matrices of the windows."""
    return (a.transpose(1, 0, 2) @ w).transpose(1, 0, 2)
