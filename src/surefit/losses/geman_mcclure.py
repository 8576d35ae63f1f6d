"""A bounded loss, hence not convex: targets that are far away stop to matter."""

from __future__ import annotations

import dataclasses

from jaxtyping import Array, Float

from surefit.losses.entrywise import Entrywise

__all__ = ["GemanMcclure"]


@dataclasses.dataclass(frozen=True)
class GemanMcclure(Entrywise):
    r"""Bounded and not convex: half the square near the targets, a constant far away; a sum.

    $\rho(r) = \frac{r^2}{2(1 + r^2)} < \frac12$ with $\rho' = \frac{r}{(1+r^2)^2}$, at most
    $\frac{3\sqrt3}{16}$ (at $r^2 = \frac13$), and $\rho'' = \frac{1-3r^2}{(1+r^2)^3} \in
    [-\frac14, 1]$. The gradient vanishes far away while the loss does not: no Polyak-Lojasiewicz
    constant above 0, and descent finds stationary points only.

    References:
        S. Geman, D. E. McClure (1987), Statistical methods for tomographic image reconstruction.
    """

    curvature = 1.0

    def of_entries(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$r^2/(2(1+r^2))$."""
        return 0.5 * r**2 / (1.0 + r**2)

    def slope(self, r: Float[Array, "n k"]) -> Float[Array, "n k"]:
        r"""$r/(1+r^2)^2$."""
        return r / (1.0 + r**2) ** 2
