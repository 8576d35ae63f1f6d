"""Whole matrices of a kernel that is one function of the angle."""

from __future__ import annotations

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int

from surefit.core.kernel import Kernel
from surefit.tangent.close_pairs import half_squares, replace_entries
from surefit.tangent.rows import Rows, is_close, prepare, product
from surefit.tangent.tiles import below, block, fill, found_in, placed, size_for, starts
from surefit.tangent.univariate.fit import Univariate

__all__ = ["again", "univariate_kernel"]

SIZE = 256


def univariate_kernel(
    found: Univariate,
    x1: Float[Array, "n d"],
    x2: Float[Array, "m d"] | None,
    get: tuple[str, ...],
) -> Kernel:
    r"""$\sqrt{s_it_j}\,\kappa(\rho_{ij})$ for all pairs; what `get` does not name is left out.

    Products, angles and polynomials are done tile by tile in one compiled loop. Close pairs, whose
    angle the product does not tell, are done again from the difference of their rows; likewise
    nearly opposite pairs from their sum. Rows that are zero have zeros.

    Cost: the product of the batches, half of it where `x2` is None, and four polynomials per pair
        (two if all correlations of a tile are positive); 3d operations per close pair.
    """
    symmetric = x2 is None
    other = x1 if x2 is None else x2
    tiles = starts(len(x1), len(other), size_for(x1, SIZE), symmetric)
    rows1, scale1, rows2, scale2 = _prepared(x1, x2)
    static, operands = (found, get, symmetric, tiles[1:]), (rows1, scale1, rows2, scale2)
    matrices, marks = fill(_values, static, operands, tiles, (len(x1), len(other)), symmetric)
    by_name = dict(zip(get, matrices, strict=True))
    if symmetric:
        for name, end in zip(("nngp", "ntk"), found.ends, strict=True):
            if name in by_name:
                np.fill_diagonal(by_name[name], scale1**2 * end)
    pairs, opposite = found_in(
        tiles,
        marks,
        lambda i, j: _marked(*tiles[1:], symmetric, jnp.asarray(i), jnp.asarray(j), rows1, rows2),
    )
    if len(pairs):
        scale = np.asarray(scale1)[pairs[:, 0]] * np.asarray(scale2)[pairs[:, 1]]
        values = again(found, x1, other, pairs, opposite, get, scale)
        for matrix, value in zip(matrices, values, strict=True):
            replace_entries(matrix, pairs, value, symmetric)
    variance1 = scale1**2 * found.ends[0]
    return Kernel(
        nngp=placed(by_name.get("nngp"), x1),
        ntk=placed(by_name.get("ntk"), x1),
        variance1=variance1,
        variance2=variance1 if symmetric else scale2**2 * found.ends[0],
        width=found.width,
        gaussian=found.gaussian,
        symmetric=symmetric,
    )


@jax.jit
def _prepared(
    x1: Float[Array, "n d"], x2: Float[Array, "m d"] | None
) -> tuple[Rows, Float[Array, " n"], Rows, Float[Array, " m"]]:
    """Rows on the unit sphere less their mean, and the roots of variances; of both batches."""
    (unit1, norm1) = _unit(x1)
    mean, root = jnp.mean(unit1, axis=0), x1.shape[1] ** 0.5
    rows1, scale1 = prepare(unit1 - mean[None, :]), norm1 / root
    if x2 is None:
        return rows1, scale1, rows1, scale1
    unit2, norm2 = _unit(x2)
    return rows1, scale1, prepare(unit2 - mean[None, :]), norm2 / root


def _unit(x: Float[Array, "n d"]) -> tuple[Float[Array, "n d"], Float[Array, " n"]]:
    norm = jnp.sqrt(jnp.sum(x * x, axis=1))
    return x / jnp.where(norm > 0, norm, 1.0)[:, None], norm


def _rest(a: Rows, b: Rows) -> tuple[Float[Array, "n m"], Bool[Array, "n m"], Bool[Array, "n m"]]:
    r"""$1 - |\rho|$, where $\rho < 0$, and which pairs are to be done again."""
    rest = product(a, b)
    negative = rest > 1.0
    close = is_close(rest, a.half, b.half)
    # The rows themselves, of which the sum is small, are of unit length.
    half = jnp.full((1,), 0.5, rest.dtype)
    opposite = is_close(2.0 - rest, half, half)
    defect = jnp.maximum(jnp.where(negative, 2.0 - rest, rest), 0.0)
    return defect, negative, close | opposite


def _values(
    found: Univariate,
    get: tuple[str, ...],
    symmetric: bool,
    size: tuple[int, int],
    i: Array,
    j: Array,
    rows1: Rows,
    scale1: Float[Array, " n"],
    rows2: Rows,
    scale2: Float[Array, " m"],
) -> tuple[tuple[Float[Array, "a b"], ...], Bool[Array, ""]]:
    """One tile of the matrices, and whether it has pairs to be done again."""
    height, width = size
    defect, negative, close = _rest(rows1.block(i, height), rows2.block(j, width))
    if symmetric:
        close &= below(i, j, height, width)

    def same() -> tuple[Array, ...]:
        return found.branch(defect, False, get)

    def both() -> tuple[Array, ...]:
        opposite = found.branch(defect, True, get)
        return tuple(jnp.where(negative, b, a) for a, b in zip(same(), opposite, strict=True))

    values = jax.lax.cond(jnp.any(negative), both, same)
    first, second = block(scale1, i, height)[:, None], block(scale2, j, width)[None, :]
    return tuple(first * second * v for v in values), jnp.any(close)


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def _marked(
    height: int, width: int, symmetric: bool, i: Array, j: Array, rows1: Rows, rows2: Rows
) -> tuple[Bool[Array, "a b"], Bool[Array, "a b"]]:
    _, negative, close = _rest(rows1.block(i, height), rows2.block(j, width))
    return close & below(i, j, height, width) if symmetric else close, negative


def again(
    found: Univariate,
    x1: Float[Array, "n d"] | Float[np.ndarray, "n d"],
    x2: Float[Array, "m d"] | Float[np.ndarray, "m d"],
    pairs: Int[np.ndarray, "p 2"],
    opposite: Bool[np.ndarray, " p"],
    get: tuple[str, ...],
    scale: Float[np.ndarray, " p"],
) -> tuple[Float[np.ndarray, " p"], ...]:
    """The values of some pairs from angles in float64; equal rows have those of the diagonal."""
    units = []
    for batch in (x1, x2):
        x = np.asarray(batch, np.float64)
        norm = np.sqrt(np.einsum("nd,nd->n", x, x))
        units.append(x / np.where(norm > 0, norm, 1.0)[:, None])
    defect = half_squares(*units, pairs, np.where(opposite, -1.0, 1.0))
    same, other = (found.branch(defect, negative, get) for negative in (False, True))
    ends = dict(zip(("nngp", "ntk"), found.ends, strict=True))
    return tuple(
        scale * np.where(opposite, b, np.where(defect == 0.0, ends[name], a))
        for name, a, b in zip(get, same, other, strict=True)
    )
