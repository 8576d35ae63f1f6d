r"""The curvature of networks of any depth, operation by operation.

A network of dense and convolutional layers, activations, sums and equilibria is bilinear in
weights and features everywhere but in its activations. In directions $v$, $v'$ therefore

$$D^2f_{io}[v,v'] = \sum_{\text{activations}}\sum_rc_{ior}\,\phi''(z_{ir})\,dz_{ir}\,dz'_{ir}
  + \sum_{\text{weights}}s\,e_{io}^\top(dW\,dg'_i + dW'\,dg_i)$$

with $c = \partial f/\partial\phi(z)$, $e = \partial f/\partial z$ behind the weights, $dz$, $dg$
the first derivatives of pre-activations and of what weights see: differentiate $f$ twice along
$\theta + tv + t'v'$; every second-order term arises at one operation, and what it does to the
output is its adjoint. (Through an equilibrium the adjoint contains the loop; see
`surefit.curvature.nodes.implicit`.)

With one group of directions per trained layer, every term is bounded by
$\sum_{jl}Q_{jl}\lVert v_j\rVert\lVert v'_l\rVert$ with symmetric $Q \ge 0$, so that
$\lVert D^2f\rVert \le \lVert Q\rVert_2$. A bilinear term may be bounded pair by pair of groups,
each time by the smallest of several products (`nodes.elementwise.bending`,
`nodes.weights.bilinear`): symmetric bilinear maps attain their norm on the diagonal $v = v'$, where
both orders give the same vector.

On a ball of radius $\rho$ the bounds of the first derivatives come layer by layer from the inputs
on. They bound the change of features and pre-activations by $\rho$ times themselves (mean value
theorem on segments from the centre), with which the next layer's are bounded. The adjoints are
exact at the centre, and their change is followed back through the layers. Behind a kink all this
holds while no pre-activation changes its sign; since they move continuously, none does as long as
the bounds of their changes stay below their distances from 0.
"""

from __future__ import annotations

import math

import numpy as np

from surefit.activations import Identity
from surefit.curvature.activation import has_kink
from surefit.curvature.nodes import Implicit, Passage
from surefit.curvature.nodes.node import Adjoint, Pulled, Return, Table
from surefit.curvature.norms import operator_norm
from surefit.curvature.tracing import Trace

__all__ = ["DeepCurvature"]

# Sums of at most 1e6 products, eigenvalues and the activation's derivatives.
_INFLATION = 1.0 + 1e-9
_BISECTIONS = 14


class DeepCurvature:
    """The bound of this module as a function of the radius of the ball.

    Args:
        trace: the operations of the network on the data.

    Attributes:
        limit: the largest radius for which there is a bound.
        limited_by: what lies there, in words; empty without a limit.

    Cost:
        Once: one backward pass per output, and for every layer the operator norms of weights,
        features and adjoints. Per radius: a few passes over arrays of the size of the features.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self._adjoints, self._pulled = self._backward_at_centre()
        self.limit, self.limited_by = self._find_limit()

    @property
    def has_kinks(self) -> bool:
        """Whether signs of pre-activations must not change."""
        return any(has_kink(getattr(node, "activation", Identity())) for node in self.trace.nodes)

    def __call__(self, radius: float) -> float:
        """An upper bound of the Lipschitz constant of J on the ball of that radius."""
        if radius > self.limit or self.limit <= 0.0:
            return math.inf
        with np.errstate(over="ignore", invalid="ignore"):
            table = self.table(radius)
        if not np.isfinite(table).all():
            return math.inf
        size = float(np.max(table))
        if size == 0.0:
            return 0.0
        # Scaled, so that squares of tiny numbers do not vanish.
        return size * operator_norm(table / size) * _INFLATION

    def table(self, radius: float) -> Table:
        """Q: the bound by pairs of trained layers, in the order of `trace.names`."""
        passages = self.forward(radius)
        nodes = self.trace.nodes
        moved = [np.zeros(len(node.value)) for node in nodes]
        total = np.zeros((self.trace.groups,) * 2)
        for at in reversed(range(len(nodes))):
            node, adjoint, pulled = nodes[at], self._adjoints[at], self._pulled[at]
            if adjoint is None or pulled is None:
                continue
            back = Return(adjoint, pulled, moved[at], passages[at])
            total = total + node.curvature(radius, back)
            for source, motion in zip(node.inputs, node.recoil(radius, back), strict=True):
                moved[source] = moved[source] + motion
        return total

    def forward(self, radius: float) -> list[Passage]:
        """The way forward through all nodes."""
        passages: list[Passage] = []
        for node in self.trace.nodes:
            passages.append(node.forward(radius, *(passages[i].spread for i in node.inputs)))
        return passages

    def _backward_at_centre(self) -> tuple[list[Adjoint | None], list[Pulled | None]]:
        nodes = self.trace.nodes
        n, k = nodes[-1].value.shape
        adjoints: list[Adjoint | None] = [None] * len(nodes)
        pulled: list[Pulled | None] = [None] * len(nodes)
        adjoints[-1] = Adjoint(np.ascontiguousarray(np.broadcast_to(np.eye(k), (n, k, k))))
        for at in reversed(range(len(nodes))):
            own = adjoints[at]
            if own is None:
                continue
            pulled[at] = found = nodes[at].pull(own)
            for source, part in zip(nodes[at].inputs, found.inputs, strict=True):
                known = adjoints[source]
                both = part if known is None else Adjoint(known.array + part.array)
                adjoints[source] = both
        return adjoints, pulled

    def _find_limit(self) -> tuple[float, str]:
        limit, reason = math.inf, ""
        for node, place in zip(self.trace.nodes, self.trace.places, strict=True):
            if isinstance(node, Implicit) and node.contraction_radius < limit:
                limit = node.contraction_radius
                reason = (
                    f"the map of {place} has the modulus {node.modulus(0.0):.4g} and "
                    "need not be a contraction beyond"
                )
        if limit <= 0.0:
            return 0.0, reason
        limit *= 1.0 - 1e-9
        ratio, at, where = self._nearest(0.0)
        if not where:
            return limit, reason
        if ratio == 0.0:
            return 0.0, self._kink(at, where)
        if math.isfinite(limit) and self._nearest(limit)[0] > limit:
            return limit, reason
        return self._first_flip(min(ratio, limit)), self._kink(at, where)

    def _nearest(self, radius: float) -> tuple[float, int, tuple[int, ...]]:
        """The smallest ratio of distance to a kink and speed on the ball, with node and entry."""
        found = [
            (*node.nearest_kink(passage), at)
            for at, (node, passage) in enumerate(
                zip(self.trace.nodes, self.forward(radius), strict=True)
            )
        ]
        ratio, where, at = min(found, key=lambda item: item[0])
        return ratio, at, where

    def _first_flip(self, above: float) -> float:
        # The ratio falls as the ball grows: the limit is where it meets the radius.
        low, high = 0.0, above
        if self._nearest(0.5 * above)[0] > 0.5 * above:
            low = 0.5 * above
        for _ in range(_BISECTIONS if low > 0 else 4 * _BISECTIONS):
            middle = 0.5 * (low + high)
            if self._nearest(middle)[0] > middle:
                low = middle
            else:
                high = middle
        return low

    def _kink(self, at: int, where: tuple[int, ...]) -> str:
        node = self.trace.nodes[at]
        z = node.z[where]  # type: ignore[attr-defined]
        position = f", position {where[1:-1]}" if len(where) > 2 else ""
        return (
            f"pre-activation {z:.3g} of {self.trace.places[at]} (sample {where[0]}{position}, "
            f"neuron {where[-1]}) sits nearest to its kink, for how fast it can move"
        )
