r"""Gradients of weights as two factors, and the Gram matrices of such gradients.

Weights that act at P positions, $z_{ip} = aWh_{ip}$, have the gradient $a\sum_p g_{ip}h_{ip}^\top$.
A dense layer has one position; a convolution one per window, with the patch $h_{ip}$ of D numbers;
weights used several times have the positions of every use. Weights that are not shared by all
positions (locally connected layers, a stack of layers that a loop goes through) form G groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Shaped

__all__ = ["Factor", "Form", "Part", "Rows", "pair_products"]

Form = Literal["full", "trace", "per_output"]
# Numbers of products of positions that are held at once.
_AT_ONCE = 2**23


def pair_products(
    left: Float[Array, "n1 k m"], right: Float[Array, "n2 k m"], form: Form
) -> Float[Array, "n1 ..."]:
    r"""$\langle l_{ia}, r_{jb}\rangle$: as (n1, k, n2, k), its trace (n1, n2), or (n1, k, n2)."""
    if form == "per_output":
        return jnp.einsum("iam,jam->iaj", left, right)
    n1, k, m = left.shape
    n2 = right.shape[0]
    if form == "trace":
        return left.reshape(n1, k * m) @ right.reshape(n2, k * m).T
    # As one product of matrices, what follows it needs no other order of its entries.
    return (left.reshape(n1 * k, m) @ right.reshape(n2 * k, m).T).reshape(n1, k, n2, k)


def _cutter(array: Shaped[Array, "n ..."]) -> Callable[[Any, int], Shaped[Array, "size ..."]]:
    # What a loop goes through has two axes: compilers choose layouts of axes of length one that
    # have to be copied on the way in.
    flat = array.reshape(len(array), -1)

    def take(start: Any, size: int) -> Shaped[Array, "size ..."]:
        rows = jax.lax.dynamic_slice_in_dim(flat, start, size)
        return rows.reshape(size, *array.shape[1:])

    return take


class Rows(eqx.Module):
    """Gradients of single examples, as they are.

    Args:
        rows: one row per example and output.
        name: of the parameters.
    """

    rows: Float[Array, "n k p"]
    name: str = eqx.field(static=True)

    @property
    def examples(self) -> int:
        """n."""
        return self.rows.shape[0]

    @property
    def outputs(self) -> int:
        """k."""
        return self.rows.shape[1]

    def cutter(self) -> Callable[[Any, int], Rows]:
        """What takes so many of the examples from a number on."""
        rows = _cutter(self.rows)
        return lambda start, size: Rows(rows(start, size), self.name)

    def product(self, other: Part, form: Form) -> Float[Array, "n1 ..."]:
        """The Gram matrix with those of another batch."""
        return pair_products(self.rows, other.rows, form)


class Factor(eqx.Module):
    r"""Gradients $\sum_p g_p(ah_p, a_b)^\top$ of weights and biases, never formed.

    Args:
        seen: $h$; whole numbers stand for the rows of a table that they pick.
        back: $g$, the gradients of every output at $z$.
        scale: $a$.
        bias: $a_b$; 0 without biases.
        name: of the parameters.
    """

    seen: Shaped[Array, "n g p d"]
    back: Float[Array, "n k g p f"]
    scale: Any
    bias: Any
    name: str = eqx.field(static=True)

    @property
    def examples(self) -> int:
        """n."""
        return self.seen.shape[0]

    @property
    def outputs(self) -> int:
        """k."""
        return self.back.shape[1]

    @property
    def picks(self) -> bool:
        """Whether `seen` holds numbers of rows."""
        return bool(jnp.issubdtype(self.seen.dtype, jnp.integer))

    def cutter(self) -> Callable[[Any, int], Factor]:
        """What takes so many of the examples from a number on."""
        seen, back = _cutter(self.seen), _cutter(self.back)
        return lambda start, size: Factor(
            seen(start, size), back(start, size), self.scale, self.bias, self.name
        )

    def gradients(self) -> Rows:
        """The gradients themselves, formed."""
        seen = self.scale * self.seen
        if not (isinstance(self.bias, float) and self.bias == 0.0):
            ones = jnp.full((*seen.shape[:-1], 1), self.bias, seen.dtype)
            seen = jnp.concatenate([seen, ones], axis=-1)
        rows = jnp.einsum("iagpf,igpd->iagfd", self.back, seen)
        return Rows(rows.reshape(*rows.shape[:2], -1), self.name)

    def product(self, other: Part, form: Form) -> Float[Array, "n1 ..."]:
        """The Gram matrix with those of another batch, by pairs of positions."""
        if self.seen.shape[1:3] == other.seen.shape[1:3] == (1, 1):
            return self._vectors(other, form)

        def row(of_one: tuple[Array, Array]) -> Float[Array, "..."]:
            return self._row(*of_one, other, form)

        size = other.seen.shape[0] * self.seen.shape[1] * self.seen.shape[2] ** 2
        together = max(1, min(self.examples, _AT_ONCE // max(size, 1)))
        return jax.lax.map(row, (self.seen, self.back), batch_size=together)

    def _vectors(self, other: Factor, form: Form) -> Float[Array, "n1 ..."]:
        seen = self._similar(self.seen[:, 0, 0], other.seen[:, 0, 0], "id,jd->ij")
        axes = {"trace": (), "per_output": (1,), "full": (1, 3)}[form]
        both = pair_products(self.back[:, :, 0, 0], other.back[:, :, 0, 0], form)
        return jnp.expand_dims(seen, axes) * both

    def _row(
        self,
        seen: Shaped[Array, "g p d"],
        back: Float[Array, "k g p f"],
        other: Factor,
        form: Form,
    ) -> Float[Array, "..."]:
        similar = self._similar(seen, other.seen, "gpd,jgqd->jgpq")
        if form == "trace":
            both = jnp.einsum("agpf,jagqf->jgpq", back, other.back)
            return jnp.sum(similar * both, axis=(1, 2, 3))
        if form == "per_output":
            both = jnp.einsum("agpf,jagqf->jagpq", back, other.back)
            return jnp.einsum("jgpq,jagpq->aj", similar, both)
        weighted = jnp.einsum("jgpq,jbgqf->jbgpf", similar, other.back)
        return jnp.einsum("agpf,jbgpf->ajb", back, weighted)

    def _similar(self, left: Array, right: Array, how: str) -> Float[Array, "..."]:
        if self.picks:
            if how == "id,jd->ij":
                same = left[:, None, 0] == right[None, :, 0]
            else:
                same = left[None, :, :, None, 0] == right[:, :, None, :, 0]
            products = same.astype(self.back.dtype)
        else:
            products = jnp.einsum(how, left, right)
        return self.scale**2 * products + self.bias**2


Part = Factor | Rows
