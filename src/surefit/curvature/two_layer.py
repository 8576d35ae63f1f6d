r"""The curvature of two-layer networks, hidden feature by hidden feature.

Write $f_{ir} = s\sum_j a_{rj}\,\phi(\langle w_j, x_i\rangle)$ + const for sample $i$, output $r$.
In a direction $u$ with parts $p_j$ (change of $a_{\cdot j}$) and $q_j$ (change of $w_j$),

$$D^2f[u,u]_{ir} = s\sum_j\left(a_{rj}\phi''_{ij}\langle x_i,q_j\rangle^2
  + 2p_{rj}\phi'_{ij}\langle x_i,q_j\rangle\right).$$

No term couples two features, so for a unit vector $g$ in the space of outputs the quadratic form
$\langle g, D^2f[u,u]\rangle$ is block-diagonal, and the supremum over unit $u$ is taken on a
single block: $\lVert D^2f\rVert = \max_j\sup_{p,q}\lVert D^2f[(p,q)_j,(p,q)_j]\rVert$. (A symmetric
bilinear map attains its norm on the diagonal $u = u'$, as each $\langle g, D^2f\rangle$ does.) In
one block, with $X$ the matrix of rows $x_i$, $D'_j = \operatorname{diag}_i\phi'_{ij}$ and
$D''_j = \operatorname{diag}_i\phi''_{ij}$:

* $\lVert s\,(a_{rj}\phi''_{ij}\langle x_i,q\rangle^2)_{ir}\rVert
  = s\lVert a_j\rVert_2\,\lVert D''_j(\langle x_i, q\rangle^2)_i\rVert \le A_j\lVert q\rVert^2$ with
  $A_j = s\lVert a_j\rVert_2\,\lambda_{\max}(D''_j(XX^\top)^{\circ2}D''_j)^{1/2}$: the map
  $Q \mapsto (\phi''_{ij}\langle x_ix_i^\top, Q\rangle)_i$ has that Gram matrix, and
  $\lVert qq^\top\rVert_F = \lVert q\rVert^2$. Several outputs enter by the norm of the column.
* $\lVert s\,(p_r\phi'_{ij}\langle x_i,q\rangle)_{ir}\rVert
  = s\lVert p\rVert\,\lVert D'_jXq\rVert \le B_j\lVert p\rVert\lVert q\rVert$ with
  $B_j = s\lVert D'_jX\rVert_2$.

Maximising $A_j\lVert q\rVert^2 + 2B_j\lVert p\rVert\lVert q\rVert$ over
$\lVert p\rVert^2 + \lVert q\rVert^2 = 1$ gives

$$\Lambda \le \max_j\tfrac12\left(A_j + \sqrt{A_j^2 + 4B_j^2}\right),$$

and $\max_jA_j$ where only the hidden weights are trained, 0 where only the output weights are.
On a ball of radius $\rho$, $\lVert a_j\rVert$ grows by at most $\rho$ (if trained), pre-activation
$ij$ moves by at most $\lVert x_i\rVert\rho$, and both $A_j$ and $B_j$ are monotone in the sizes
$|\phi''_{ij}|$ and $|\phi'_{ij}|$, so suprema over those intervals bound the whole ball; the
Lipschitz constant of $J$ on a convex set is the supremum of $\lVert D^2f\rVert$ there.

Rectifiers have $\phi'' = 0$ as long as no pre-activation changes its sign, that is on balls of
radius less than $\min_{ij}|z_{ij}|/\lVert x_i\rVert$, if the hidden weights are trained.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from surefit.curvature.activation import bends, has_kink
from surefit.curvature.norms import perron_bounds, weighted_norm, weighted_norm_bounds
from surefit.curvature.structure import TwoLayer

__all__ = ["TwoLayerCurvature"]

PerFeature = Float[np.ndarray, " q"]

_CHEAP, _SHARP = 3, 40  # power steps for all features, and for those that may decide
_CHUNK = 4
# Sums of at most 1e5 products, square roots and the activation's derivatives, each good to a few
# units in the last place.
_INFLATION = 1.0 + 1e-10


class TwoLayerCurvature:
    r"""The bound of this module as a function of the radius of the ball.

    Cheap bounds for all features come first, sharp ones only for those that may attain the
    maximum. The cheap ones are kept: a bound on a ball holds on every smaller one, so ask for
    large radii first.

    Args:
        view: a two-layer network with trained hidden weights, and an activation with a bounded
            $\phi''$ or with its only kink at 0.

    Attributes:
        limit: the largest radius for which there is a bound.
        limited_by: what lies there, in words; empty without a limit.

    Cost:
        A few products of an n by n with an n by m matrix, and an eigenvalue problem of size
        min(n, d) for the features that may attain the maximum.
    """

    def __init__(self, view: TwoLayer) -> None:
        self.view = view
        self.z = view.preactivations
        self.norms = np.linalg.norm(view.inputs, axis=1)
        self.entries = (view.inputs @ view.inputs.T) ** 2
        self._ceilings: dict[float, PerFeature] = {}
        self.limit, self.limited_by = self._kinks()

    def _kinks(self) -> tuple[float, str]:
        if not (has_kink(self.view.activation) and self.view.hidden_trained):
            return math.inf, ""
        moving = np.broadcast_to((self.norms > 0)[:, None], self.z.shape)
        ratio = np.where(moving, np.abs(self.z), math.inf) / np.where(
            moving, self.norms[:, None], 1
        )
        where = np.unravel_index(int(np.argmin(ratio)), ratio.shape)
        return float(ratio[where]) * (1.0 - 1e-9), (
            f"pre-activation {self.z[where]:.3g} of the hidden layer (sample {where[0]}, neuron "
            f"{where[1]}) sits nearest to its kink, for how fast it can move"
        )

    def __call__(self, radius: float) -> float:
        """An upper bound of the Lipschitz constant of J on the ball of that radius."""
        ceilings = self._ceiling(radius)
        order = np.argsort(-ceilings)
        best = 0.0
        for start in range(0, len(order), _CHUNK):
            features = order[start : start + _CHUNK]
            if ceilings[features[0]] <= best:
                break
            sharp = np.minimum(self._blocks(radius, features, sharp=True), ceilings[features])
            best = max(best, float(np.max(sharp)))
        return float(self.view.scale * best * _INFLATION)

    def _ceiling(self, radius: float) -> PerFeature:
        larger = [known for known in self._ceilings if known >= radius]
        if larger:
            return self._ceilings[min(larger)]
        every = np.arange(self.view.width)
        return self._ceilings.setdefault(radius, self._blocks(radius, every, sharp=False))

    def _blocks(self, radius: float, features: np.ndarray, sharp: bool) -> PerFeature:
        """Bounds of the blocks of some features, without the factor s."""
        view = self.view
        local = bends(view.activation, self.z[:, features], self.norms[:, None] * radius)
        output = view.output_norms[features] + (radius if view.output_trained else 0.0)
        steps = _SHARP if sharp else _CHEAP
        a = np.zeros(len(features))
        if np.any(local.bend):  # a rectifier that keeps its signs has none
            a = output * np.sqrt(perron_bounds(self.entries, local.bend, steps))
        if not view.output_trained:
            return a
        if sharp:
            b = weighted_norm(view.inputs, local.slope)
        else:
            b = weighted_norm_bounds(view.inputs, self.entries, local.slope, steps)
        return 0.5 * (a + np.sqrt(a**2 + 4 * b**2))
