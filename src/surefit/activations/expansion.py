r"""The truncated Hermite series of a batch of Gaussian pairs, and what the truncation costs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from surefit.activations.angle import correlation
from surefit.activations.mehler import Pick, Table, power_series
from surefit.activations.projection import Projection, project, refinement_for

__all__ = ["Expansion", "aligned", "equal", "expand"]

FIXED_TERMS = 512  # where the arguments are traced and nothing can be chosen from their values
RUNGS = (128, 512, 2048, 4096)

Entries = Float[Array, "..."]


@dataclasses.dataclass(frozen=True)
class Expansion:
    """The truncated series of a batch of pairs.

    Args:
        found: the coefficients per distinct variance.
        tables: those kept, even and odd.
        tails: the second moment that they leave, even and odd.
        pick1: which variance belongs to the first feature of a pair.
        pick2: which variance belongs to the second.
    """

    found: Projection
    tables: tuple[Table, Table]
    tails: tuple[Float[Array, " sets"], Float[Array, " sets"]]
    pick1: Pick
    pick2: Pick

    def value(self, rho: Entries) -> Entries:
        """The sum, with the rest of the second moment as last term."""
        total = jnp.zeros(
            jnp.broadcast_shapes(rho.shape, self.pick1.shape, self.pick2.shape), rho.dtype
        )
        for parity, (table, tail) in enumerate(zip(self.tables, self.tails, strict=True)):
            if table.shape[0] == 0 and _all_zero(tail):
                continue
            floor = jnp.finfo(tail.dtype).tiny
            rest = jnp.where(tail > floor, jnp.sqrt(jnp.maximum(tail, floor)), 0.0)
            full = jnp.concatenate([table, rest[None]])
            total = total + rho**parity * power_series(
                rho * rho, full, full, self.pick1, self.pick2
            )
        return total

    def error(self, rho: Entries, same: Bool[Array, "..."]) -> Entries:
        """Bound on the distance between `value` and the dual; `same` tells where s = t."""
        truncation = jnp.zeros_like(rho)
        exact = same & (jnp.abs(rho) >= 1.0)
        for parity, (table, tail) in enumerate(zip(self.tables, self.tails, strict=True)):
            size = jnp.sqrt(tail[self.pick1] * tail[self.pick2])
            # Both the terms left out and the one in their place are at most this; where s = t
            # they have the same sign.
            most = size * jnp.abs(rho) ** (2 * table.shape[0] + parity)
            truncation = truncation + jnp.where(exact, 0.0, jnp.where(same, most, 2.0 * most))
        moment = self.found.second_moment
        scale = jnp.sqrt(moment[self.pick1] * moment[self.pick2])
        share = jnp.where(moment > 0, self.found.quadrature / jnp.where(moment > 0, moment, 1), 0.0)
        growth = jnp.sqrt(sum(_weighted(t, p) for p, t in enumerate(self.tables)))
        rounding = jnp.finfo(rho.dtype).eps * (
            64.0 * scale + 4.0 * growth[self.pick1] * growth[self.pick2]
        )
        return truncation + rounding + scale * (share[self.pick1] + share[self.pick2])


def _weighted(table: Table, parity: int) -> Float[Array, " sets"]:
    # Horner's rule multiplies the k-th term k times: its rounding errors add up to this.
    order = 2.0 * jnp.arange(table.shape[0], dtype=table.dtype) + parity
    return jnp.sum(order[:, None] * table**2, axis=0)


def aligned(*arrays: Entries) -> list[Entries]:
    """The arguments with equal rank, so that they broadcast axis by axis."""
    arrays = [jnp.asarray(a) for a in arrays]
    rank = max(a.ndim for a in arrays)
    return [a.reshape((1,) * (rank - a.ndim) + a.shape) for a in arrays]


def equal(s: Entries, t: Entries) -> Bool[Array, "..."]:
    """Where two variances are the same up to rounding."""
    return jnp.abs(s - t) <= 4 * jnp.finfo(s.dtype).eps * jnp.maximum(s, t)


def expand(
    function: Callable, covariance: Entries, s: Entries, t: Entries, terms: int | None
) -> Expansion:
    """The series of `function` for aligned arguments, with as many terms as they need."""
    try:
        values, pick1, pick2 = _distinct(np.asarray(s), np.asarray(t))
        refinement = refinement_for(float(values.max(initial=0.0)))
        if terms is None:
            reach = float(np.asarray(_reach(covariance, s, t)))
            found, halves = _climb(function, jnp.asarray(values), reach, refinement)
            return _truncate(found, halves, pick1, pick2)
    except jax.errors.TracerArrayConversionError:
        # Under a trace only shapes are known: one set per entry, and a fixed number of terms.
        pick1 = np.arange(s.size).reshape(s.shape)
        pick2 = np.arange(s.size, s.size + t.size).reshape(t.shape)
        values, refinement = jnp.concatenate([s.reshape(-1), t.reshape(-1)]), 1
    count = FIXED_TERMS if terms is None else terms
    found = project(function, jnp.asarray(values), count + count % 2, refinement)
    return _truncate(found, ((count + 1) // 2, count // 2), pick1, pick2)


def _distinct(s: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The distinct variances, and which of them each entry of s and of t is."""
    flat = np.concatenate([s.reshape(-1), t.reshape(-1)])
    if flat.size and np.ptp(flat) <= 4 * np.finfo(flat.dtype).eps * flat.max():
        return flat.mean(keepdims=True), np.zeros((1,) * s.ndim, int), np.zeros((1,) * t.ndim, int)
    values, inverse = np.unique(flat, return_inverse=True)
    return values, inverse[: s.size].reshape(s.shape), inverse[s.size :].reshape(t.shape)


@jax.jit
def _reach(covariance: Entries, s: Entries, t: Entries) -> Float[Array, ""]:
    r"""The largest $|\rho|$ of a pair whose value the truncation can change."""
    rho = jnp.abs(correlation(covariance, s, t))
    exact = equal(s, t) & (1.0 - rho <= 16 * jnp.finfo(rho.dtype).eps)
    return jnp.max(jnp.where(exact, 0.0, rho), initial=0.0)


def _climb(
    function: Callable, values: Float[Array, " sets"], reach: float, refinement: int
) -> tuple[Projection, tuple[int, int]]:
    """Coefficients until what is left cannot be seen, and how many of each parity that takes."""
    tolerance = max(1e-14, 64 * float(jnp.finfo(values.dtype).eps))
    for terms in RUNGS:
        found = project(function, values, terms, refinement)
        moment = found.second_moment
        halves = []
        for parity in (0, 1):
            share = found.tails(parity) / jnp.where(moment > 0, moment, 1.0)[None]
            left = np.asarray(jnp.max(share, axis=1, initial=0.0)) * reach ** (
                2 * np.arange(terms // 2 + 1) + parity
            )
            enough = np.flatnonzero(left <= tolerance)
            # Multiples of eight, so that few programs are compiled.
            halves.append(8 * math.ceil(enough[0] / 8) if enough.size else terms // 2 + 1)
        if max(halves) <= terms // 2:
            break
    return found, (min(halves[0], terms // 2), min(halves[1], terms // 2))


def _truncate(found: Projection, halves: tuple[int, int], pick1: Pick, pick2: Pick) -> Expansion:
    return Expansion(
        found=found,
        tables=tuple(found.coefficients[p][: halves[p]] for p in (0, 1)),
        tails=tuple(found.tails(p)[halves[p]] for p in (0, 1)),
        pick1=pick1,
        pick2=pick2,
    )


def _all_zero(array: Array) -> bool:
    try:
        return not np.asarray(array).any()
    except jax.errors.TracerArrayConversionError:
        return False
