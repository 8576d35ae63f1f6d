r"""Rows prepared for distances: what a product of rows says about close pairs, and what not.

$\frac12|x_i - x_j|^2 = \frac12|y_i|^2 + \frac12|y_j|^2 - y_i\cdot y_j$ for rows $y$ less their
common mean. The mean does not change distances, and without it fewer digits cancel; what is left
of the error is about $\epsilon|y_i||y_j|$. Pairs that are too close for it are found, to be done
again.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from surefit.tangent.tiles import block

__all__ = ["Rows", "is_close", "prepare", "product"]

# The error of the root that is left alone, in units of the machine epsilon.
ALLOWED = {"float64": 100.0, "float32": 15.0}


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Rows:
    """Rows less a mean, and half their squared norms.

    Args:
        y: the rows.
        half: half of the squared norm of each.
    """

    y: Float[Array, "n d"]
    half: Float[Array, " n"]

    def block(self, start: Array, size: int) -> Rows:
        """Some consecutive rows."""
        return Rows(block(self.y, start, size), block(self.half, start, size))


def prepare(y: Float[Array, "n d"]) -> Rows:
    """Rows from which a mean has been taken."""
    return Rows(y, jnp.sum(y * y, axis=1) / 2)


def product(a: Rows, b: Rows) -> Float[Array, "n m"]:
    """Half the squared distances of all pairs, which rounding may bring below 0."""
    inner = jnp.matmul(a.y, b.y.T, precision=jax.lax.Precision.HIGHEST)
    return a.half[:, None] + b.half[None, :] - inner


def is_close(
    half_square: Float[Array, "n m"], size1: Float[Array, " _"], size2: Float[Array, " _"]
) -> Bool[Array, "n m"]:
    r"""Pairs whose $e = \frac12|x_i-x_j|^2/r$ has an error that can be seen in its root.

    An error $\delta$ of $e$ is one of $\delta/(2\sqrt e)$ of the root, and $\delta$ is about
    $4\epsilon\sqrt{h_ih_j}/r$ for half squares $h$.

    Args:
        half_square: from `product`.
        size1: $h_i/\sqrt{r_i}$, half the squared norms of the prepared rows, with $r = r_ir_j$; or
            one number for all rows.
        size2: likewise.
    """
    allowed = ALLOWED[half_square.dtype.name]
    return half_square < (2.0 / allowed) ** 2 * (size1[:, None] * size2[None, :])
