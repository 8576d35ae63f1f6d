r"""Equilibria $h = \phi(sAh + u)$, where the map is a contraction on the whole ball.

With $L = \sup|\phi'|$ and $q = Ls(\lVert A\rVert_2 + \rho) < 1$ every derivative goes through
$(I - sDA)^{-1}$, $D = \operatorname{diag}\phi'$, whose norm is at most $\alpha = 1/(1-q)$:

$$dz = (I - sAD)^{-1}(s\,dA\,h + du),\quad dh = D\,dz,\quad
  e = D(c + sA^\top e).$$

The state itself moves by at most $L\alpha(s\rho\lVert h_0\rVert + \lVert u - u_0\rVert)$.
"""

from __future__ import annotations

import dataclasses
import functools
import math

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations import Activation
from surefit.curvature.activation import bends
from surefit.curvature.nodes.elementwise import bending, kink_ahead, slope_change
from surefit.curvature.nodes.node import (
    Adjoint,
    Node,
    Passage,
    PerSample,
    Pulled,
    Return,
    Spread,
    Table,
    Values,
    lengths,
)
from surefit.curvature.nodes.weights import bilinear
from surefit.curvature.norms import operator_norm

__all__ = ["Implicit"]

_MOST_STEPS = 10_000


@dataclasses.dataclass(frozen=True)
class Implicit(Node):
    r"""$h = \phi(sAh + u)$.

    Args:
        inputs: of $u$.
        value: $h$ at the centre.
        z: $sAh + u$ at the centre.
        matrix: $A$.
        scale: $s$.
        activation: $\phi$.
        group: of $A$; None: not trained.
    """

    inputs: tuple[int, ...]
    value: Values
    z: Values
    matrix: Float[np.ndarray, "m m"]
    scale: float
    activation: Activation
    group: int | None

    @functools.cached_property
    def norm(self) -> float:
        r"""$\lVert A\rVert_2$."""
        return operator_norm(self.matrix)

    @functools.cached_property
    def state_norm(self) -> float:
        r"""$\lVert H\rVert_2$ of all states at the centre."""
        return operator_norm(self.value)

    def modulus(self, radius: float) -> float:
        """$q$ on the ball: a bound of the contraction modulus."""
        reach = radius if self.group is not None else 0.0
        return self.activation.lipschitz * self.scale * (self.norm + reach)

    def amplification(self, radius: float) -> float:
        r"""$\alpha$ on the ball; infinite where the map need not be a contraction."""
        modulus = self.modulus(radius)
        return 1.0 / (1.0 - modulus) if modulus < 1.0 else math.inf

    @property
    def contraction_radius(self) -> float:
        """Where the bound of the modulus reaches 1; below 0 if it is above 1 at the centre."""
        room = 1.0 / (self.activation.lipschitz * self.scale) - self.norm
        return room if self.group is not None or room <= 0 else math.inf

    def forward(self, radius: float, *spreads: Spread) -> Passage:
        r"""The memo is (spread of $z$, bends, spread of $h$)."""
        (spread,) = spreads
        lipschitz, s = self.activation.lipschitz, self.scale
        alpha = self.amplification(radius)
        reach = radius if self.group is not None else 0.0
        at_centre = lengths(self.value, axis=1)
        moved = lipschitz * alpha * (s * reach * at_centre + radius * spread.samples)
        moved_whole = lipschitz * alpha * (s * reach * self.state_norm + radius * spread.whole)
        peak, batch = alpha * spread.peak, alpha * spread.batch
        own = np.zeros_like(at_centre)
        if self.group is not None:
            own = s * (at_centre + moved)
            peak[:, self.group] += alpha * own
            batch[self.group] += alpha * s * (self.state_norm + moved_whole)
        before = Spread(peak, batch, np.full(self.z.shape, np.inf)).tightened()
        rows = s * (lengths(self.matrix, axis=1) + reach)
        # The weights act on what they move themselves: these shares add.
        entry = spread.entry + own[:, None] + lipschitz * before.samples[:, None] * rows[None]
        inside = Spread(before.peak, before.batch, np.minimum(entry, before.entry))
        local = bends(self.activation, self.z, radius * inside.entry)
        steepest = np.max(local.slope, axis=1)
        state = Spread(
            steepest[:, None] * inside.peak,
            float(np.max(steepest)) * inside.batch,
            local.slope * inside.entry,
        ).tightened()
        return Passage(state, (inside, local, state))

    def pull(self, adjoint: Adjoint) -> Pulled:
        """The adjoint of what comes in, and that right behind the activation."""
        c = adjoint.array
        slope = np.asarray(self.activation.derivative(jnp.asarray(self.z)))[:, None]
        e = slope * c
        # A contraction: the error is at most q/(1-q) times the last change.
        for _ in range(_MOST_STEPS):
            new = slope * (c + self.scale * (e @ self.matrix))
            change, e = np.max(np.abs(new - e)), new
            if change <= 1e-15 * np.max(np.abs(e)):
                break
        return Pulled((Adjoint(e),), Adjoint(c + self.scale * (e @ self.matrix)))

    def recoil(self, radius: float, back: Return) -> tuple[PerSample, ...]:
        r"""$e = (I - sDA^\top)^{-1}Dc$, of which everything moves."""
        inside, local, _ = back.passage.memo
        reach = radius if self.group is not None else 0.0
        shaken = slope_change(radius, back.pulled.behind, inside, local)
        own = self.scale * reach * back.pulled.inputs[0].size
        moved = self.activation.lipschitz * (back.moved + own) + shaken
        return (self.amplification(radius) * moved,)

    def curvature(self, radius: float, back: Return) -> Table | float:
        """The bend of the activation, and the product of weights and state."""
        inside, local, state = back.passage.memo
        (e,), (moved,) = back.pulled.inputs, self.recoil(radius, back)
        reach = radius if self.group is not None else 0.0
        behind = back.moved + self.scale * ((self.norm + reach) * moved + reach * e.size)
        share = bending(back.pulled.behind, behind, inside, local)
        if self.group is None:
            return share
        return share + bilinear(e, moved, state, self.scale, self.group)

    def nearest_kink(self, passage: Passage) -> tuple[float, tuple[int, ...]]:
        """See `kink_ahead`."""
        return kink_ahead(self.activation, self.z, passage.memo[0])
