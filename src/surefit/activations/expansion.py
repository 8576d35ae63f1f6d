r"""The truncated Hermite series of a batch of Gaussian pairs, and what the truncation costs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from surefit.activations.angle import correlation
from surefit.activations.mehler import Pick, Table, power_series, small_power_series
from surefit.activations.projection import Projection, Sets, project, refinement_for

__all__ = ["Entries", "Expansion", "aligned", "expand"]

FIXED_TERMS = 512  # where the arguments are traced and nothing can be chosen from their values
RUNGS = (128, 512, 2048, 4096)
SMALL = 2048  # pairs for which NumPy is done before XLA has compiled
# Few sizes, so that few programs are compiled.
SIZES = sorted({8 * 2**j for j in range(9)} | {12 * 2**j for j in range(1, 8)})

Entries = Float[Array, "..."]


@dataclasses.dataclass(frozen=True)
class Expansion:
    """The truncated series of a batch of pairs.

    Args:
        rho: correlation per pair.
        same: whether both variances of a pair are equal.
        found: the coefficients per distinct variance.
        lengths: how many even and how many odd ones are kept.
        pick1: which variance belongs to the first feature of a pair.
        pick2: which variance belongs to the second.
    """

    rho: Entries
    same: Bool[Array, "..."]
    found: Projection
    lengths: tuple[int, int]
    pick1: Pick
    pick2: Pick

    def tail(self, parity: int) -> Sets:
        """The second moment per variance that the coefficients kept do not hold."""
        return self.found.tails(parity)[self.lengths[parity]]

    def value(self) -> Entries:
        """The sum, with the rest of the second moment as last term."""
        parities = tuple(parity for parity in (0, 1) if not self._vanishes(parity))
        tables = [self._table(parity) for parity in parities]
        shape = np.broadcast_shapes(self.rho.shape, self.pick1.shape, self.pick2.shape)
        rho = _known(self.rho) if math.prod(shape) <= SMALL else None
        if rho is None or not all(isinstance(table, np.ndarray) for table in tables):
            tables = [jnp.asarray(table) for table in tables]
            return _sum(power_series, parities, self.rho, tables, self.pick1, self.pick2)
        return jnp.asarray(_add(small_power_series, parities, rho, tables, self.pick1, self.pick2))

    def _table(self, parity: int) -> Table:
        """The coefficients kept of a parity, and one that holds what they leave."""
        table, tail = self.found.coefficients[parity][: self.lengths[parity]], self.tail(parity)
        xp = tail.__array_namespace__()
        rest = xp.where(tail > 0, xp.sqrt(xp.where(tail > 0, tail, 1.0)), 0.0)
        return xp.concatenate([table, rest[None]])

    def _vanishes(self, parity: int) -> bool:
        """Whether the function is known to have no part of a parity."""
        moment = self.found.moments[parity]
        return isinstance(moment, np.ndarray) and not moment.any()

    def error(self) -> Entries:
        """Bound on the distance between `value` and the expectation."""
        reach = jnp.abs(self.rho)
        exact = self.same & (reach >= 1.0)
        truncation = jnp.zeros_like(reach)
        for parity, length in enumerate(self.lengths):
            tail = jnp.asarray(self.tail(parity))
            most = jnp.sqrt(tail[self.pick1] * tail[self.pick2]) * reach ** (2 * length + parity)
            # Both the terms left out and the one in their place are at most this; where s = t
            # they have the same sign.
            truncation = truncation + jnp.where(exact, 0.0, jnp.where(self.same, most, 2.0 * most))
        moment = jnp.asarray(self.found.second_moment)
        scale = jnp.sqrt(moment[self.pick1] * moment[self.pick2])
        # Horner's rule multiplies the k-th term k times, and every time it may round.
        growth = jnp.sqrt(sum(jnp.asarray(self._weighted(parity)) for parity in (0, 1)))
        growth = growth[self.pick1] * growth[self.pick2]
        rounding = float(jnp.finfo(reach.dtype).eps) * (64.0 * scale + 4.0 * growth)
        share = jnp.asarray(self.found.quadrature) / jnp.where(moment > 0, moment, 1.0)
        return truncation + rounding + scale * (share[self.pick1] + share[self.pick2])

    def _weighted(self, parity: int) -> Sets:
        table = self.found.coefficients[parity][: self.lengths[parity]]
        order = 2.0 * np.arange(table.shape[0], dtype=table.dtype) + parity
        return (order[:, None] * table**2).sum(axis=0)


def _add(
    series: Callable,
    parities: tuple[int, ...],
    rho: Any,
    tables: list[Any],
    pick1: Pick,
    pick2: Pick,
) -> Any:
    shape = np.broadcast_shapes(rho.shape, pick1.shape, pick2.shape)
    total = np.zeros(shape, rho.dtype)
    for parity, table in zip(parities, tables, strict=True):
        part = series(rho * rho, table, table, pick1, pick2)
        total = total + (rho * part if parity else part)
    return total


_sum = jax.jit(_add, static_argnums=(0, 1))


def _known(array: Entries) -> np.ndarray | None:
    try:
        return np.asarray(array)
    except jax.errors.TracerArrayConversionError:
        return None


def aligned(*arrays: Entries) -> list[Entries]:
    """The arguments with equal rank, so that they broadcast axis by axis."""
    arrays = [jnp.asarray(a) for a in arrays]
    rank = max(a.ndim for a in arrays)
    return [a.reshape((1,) * (rank - a.ndim) + a.shape) for a in arrays]


def expand(
    function: Callable, covariance: Entries, s: Entries, t: Entries, terms: int | None
) -> Expansion:
    """The series of `function` for aligned arguments, with as many terms as they need."""
    rho, same, reach = _pairs(covariance, s, t)
    try:
        values, pick1, pick2 = _distinct(np.asarray(s), np.asarray(t))
        refinement = refinement_for(float(values.max(initial=0.0)))
        if terms is None:
            found, lengths = _climb(function, values, float(np.asarray(reach)), refinement)
            return Expansion(rho, same, found, lengths, pick1, pick2)
    except jax.errors.TracerArrayConversionError:
        # Under a trace only shapes are known: one set per entry, and a fixed number of terms.
        pick1 = np.arange(s.size).reshape(s.shape)
        pick2 = np.arange(s.size, s.size + t.size).reshape(t.shape)
        values, refinement = jnp.concatenate([s.reshape(-1), t.reshape(-1)]), 1
    count = FIXED_TERMS if terms is None else terms
    found = project(function, values, count + count % 2, refinement)
    return Expansion(rho, same, found, ((count + 1) // 2, count // 2), pick1, pick2)


@jax.jit
def _pairs(
    covariance: Entries, s: Entries, t: Entries
) -> tuple[Entries, Bool[Array, "..."], Float[Array, ""]]:
    r"""$\rho$, whether $s = t$, and the largest $|\rho|$ whose value truncation can change."""
    eps = float(jnp.finfo(covariance.dtype).eps)
    rho = correlation(covariance, s, t)
    same = jnp.abs(s - t) <= 4 * eps * jnp.maximum(s, t)
    exact = same & (1.0 - jnp.abs(rho) <= 16 * eps)
    return rho, same, jnp.max(jnp.where(exact, 0.0, jnp.abs(rho)), initial=0.0)


def _distinct(s: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct variances, and which of them each entry of s and of t is."""
    flat = np.concatenate([s.reshape(-1), t.reshape(-1)])
    if flat.size and np.ptp(flat) <= 4 * np.finfo(flat.dtype).eps * flat.max():
        return flat.mean(keepdims=True), np.zeros((1,) * s.ndim, int), np.zeros((1,) * t.ndim, int)
    values, inverse = np.unique(flat, return_inverse=True)
    return values, inverse[: s.size].reshape(s.shape), inverse[s.size :].reshape(t.shape)


def _climb(
    function: Callable, values: np.ndarray, reach: float, refinement: int
) -> tuple[Projection, tuple[int, int]]:
    """Coefficients until what is left cannot be seen, and how many of each parity that takes."""
    tolerance = max(1e-14, 64 * float(np.finfo(values.dtype).eps))
    for terms in RUNGS:
        found = project(function, values, terms, refinement)
        moment = np.asarray(found.second_moment)
        lengths = []
        for parity in (0, 1):
            share = np.asarray(found.tails(parity)) / np.where(moment > 0, moment, 1.0)
            left = share.max(axis=1, initial=0.0) * reach ** (
                2 * np.arange(terms // 2 + 1) + parity
            )
            enough = np.flatnonzero(left <= tolerance)
            lengths.append(int(enough[0]) if enough.size else terms)
        if max(lengths) < terms // 2:
            break
    # One row more carries the rest; together they have one of the usual sizes.
    return found, tuple(
        next((size - 1 for size in SIZES if length < size <= terms // 2), terms // 2 - 1)
        for length in lengths
    )
