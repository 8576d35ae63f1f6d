"""Anderson acceleration: extrapolate from the last few steps."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from surefit.errors import InvalidInputError
from surefit.implicit.iteration import FixedPointSolver, Map, iterate
from surefit.implicit.solution import Solution

__all__ = ["Anderson"]


class _Memory(NamedTuple):
    """Of the last state whose residual was accepted, and the changes up to there."""

    image: Float[Array, "n m"]
    gap: Float[Array, "n m"]
    size: Float[Array, " n"]
    images: Float[Array, "n depth m"]
    gaps: Float[Array, "n depth m"]
    used: Bool[Array, "n depth"]
    extrapolated: Bool[Array, " n"]
    step: Int[Array, ""]


@dataclasses.dataclass(frozen=True)
class Anderson(FixedPointSolver):
    r"""Anderson acceleration of $h \leftarrow f(h)$, sample by sample.

    With $g_k = f(h_k) - h_k$ and the last `depth` changes $\Delta g_j$ of it and $\Delta f_j$ of
    the image, the next state is $f(h_k) - \sum_j c_j\Delta f_j$ where $c$ minimises
    $\|g_k - \sum_j c_j\Delta g_j\|^2$. For linear systems this is a truncated GMRES.

    Safeguard: where an extrapolated state has a larger residual than the state before, the sample
    goes back, takes the plain step instead and forgets its past. A contraction then loses at least
    the factor $q$ of its residual in any two applications.

    Args:
        depth: how many changes are kept.
        ridge: added to the diagonal of the normal equations, relative to their trace; None: 32
            times the machine epsilon.

    Cost: per step one product of an $n \times m$ with an $m \times m$ matrix, $O(nm\,depth^2)$ and
    $n$ solves of size depth; memory $O(nm\,depth)$.

    References:
        Walker, Ni (2011), Anderson acceleration for fixed-point iterations, section 2; Bai, Kolter,
        Koltun (2020), Multiscale deep equilibrium models, section 3.
    """

    depth: int = 5
    ridge: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.depth < 1:
            raise InvalidInputError(
                f"`Anderson(depth=...)` must be at least 1. Got {self.depth}. It extrapolates from "
                "so many changes. Use 5, or `Picard()` for none."
            )
        if self.ridge is not None and not 0.0 < self.ridge < 1.0:
            raise InvalidInputError(
                "`Anderson(ridge=...)` must lie strictly between 0 and 1, or be None. Got "
                f"{self.ridge}. It keeps the least-squares problem regular, relative to its size. "
                "Use None for what the precision asks for."
            )

    def find(self, function: Map, start: Float[Array, "n m"]) -> Solution:
        r"""States with $h = f(h)$, by extrapolation."""
        n, m = start.shape
        zeros = jnp.zeros_like(start)
        memory = _Memory(
            image=zeros,
            gap=zeros,
            size=jnp.full((n,), jnp.inf, start.dtype),
            images=jnp.zeros((n, self.depth, m), start.dtype),
            gaps=jnp.zeros((n, self.depth, m), start.dtype),
            used=jnp.zeros((n, self.depth), bool),
            extrapolated=jnp.zeros((n,), bool),
            step=jnp.zeros((), jnp.int32),
        )
        tolerance = self.resolved(start.dtype)
        return iterate(function, start, tolerance, self.max_steps, self._update, memory)

    def _update(
        self, state: Float[Array, "n m"], image: Float[Array, "n m"], memory: _Memory
    ) -> tuple[Float[Array, "n m"], _Memory]:
        gap = image - state
        size = jnp.linalg.norm(gap, axis=1)
        # Written so that a residual that is not finite is refused as well.
        refused = memory.extrapolated & ~(size <= memory.size)
        known = (memory.step > 0) & ~refused
        slot = memory.step % self.depth

        def put(kept: Float[Array, "n depth m"], new: Float[Array, "n m"]) -> Array:
            new = jnp.where(known[:, None], new, 0.0)
            return jax.lax.dynamic_update_index_in_dim(kept, new[:, None], slot, 1)

        images = put(memory.images, image - memory.image)
        gaps = put(memory.gaps, gap - memory.gap)
        used = jax.lax.dynamic_update_index_in_dim(
            memory.used & ~refused[:, None], known[:, None], slot, 1
        )
        coefficients = self._coefficients(gaps, gap, used)
        extrapolated = image - jnp.einsum("nd,ndm->nm", coefficients, images)
        back = refused[:, None]
        return jnp.where(back, memory.image, extrapolated), _Memory(
            image=jnp.where(back, memory.image, image),
            gap=jnp.where(back, memory.gap, gap),
            size=jnp.where(refused, memory.size, size),
            images=images,
            gaps=gaps,
            used=used,
            extrapolated=jnp.any(used, axis=1),
            step=memory.step + 1,
        )

    def _coefficients(
        self,
        gaps: Float[Array, "n depth m"],
        gap: Float[Array, "n m"],
        used: Bool[Array, "n depth"],
    ) -> Float[Array, "n depth"]:
        epsilon = float(jnp.finfo(gap.dtype).eps)
        ridge = 32.0 * epsilon if self.ridge is None else self.ridge
        both = used[:, :, None] & used[:, None, :]
        normal = jnp.where(both, jnp.einsum("ndm,nem->nde", gaps, gaps), 0.0)
        right = jnp.where(used, jnp.einsum("ndm,nm->nd", gaps, gap), 0.0)
        trace = jnp.trace(normal, axis1=1, axis2=2)[:, None, None]
        # Without any change to learn from the matrix is 0 and the coefficients are 0.
        floor = jnp.where(trace > 0, ridge * trace, 1.0)
        identity = jnp.eye(self.depth, dtype=gap.dtype)[None]
        return jnp.linalg.solve(normal + floor * identity, right[..., None])[..., 0]
