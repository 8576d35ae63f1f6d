r"""Which way to the Gram matrix of a part is cheaper, counted in operations and bytes.

For G groups of P positions, D numbers seen, F features and k outputs, on $n_1 \times n_2$ examples:

| route | operations |
|---|---|
| pairs, one position | $2n_1n_2(D + cF)$ |
| pairs, `trace` and `per_output` | $2n_1n_2GP^2(D + kF)$ |
| pairs, `full` | $2n_1n_2GP(PD + kPF + k^2F)$ |
| gradients | $2k(n_1 + n_2)GPFD + 2cn_1n_2GFD$ |

with $c = k$, for `full` $c = k^2$. Bytes are those of what is written between the products; a byte
counts as `OPERATIONS_PER_BYTE` operations.
"""

from __future__ import annotations

import dataclasses

from surefit.tangent.factors import Factor, Form, Part, Rows

__all__ = ["OPERATIONS_PER_BYTE", "Cost", "Sizes", "cheaper_form", "pairs_are_cheaper"]

OPERATIONS_PER_BYTE = 8.0
"""Operations of a matrix product in the time in which a byte comes from memory and goes back."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a route takes: operations, and bytes between its products."""

    operations: float
    bytes: float

    @property
    def total(self) -> float:
        """Both in operations."""
        return self.operations + OPERATIONS_PER_BYTE * self.bytes


@dataclasses.dataclass(frozen=True)
class Sizes:
    """The sizes of a part for two batches.

    Args:
        outputs: $k$.
        first: $n_1$.
        second: $n_2$.
        groups: G.
        positions: P.
        seen: D.
        features: F.
        itemsize: bytes of a number.
        picks: whether a table is looked up, so that gradients are mostly zeros.
    """

    outputs: int
    first: int
    second: int
    groups: int
    positions: int
    seen: int
    features: int
    itemsize: int = 4
    picks: bool = False

    def pairs(self, form: Form = "full") -> Cost:
        """By pairs of positions."""
        n, g, p = self.first * self.second, self.groups, self.positions
        k, d, f = self.outputs, 0 if self.picks else self.seen, self.features
        held = n * g * p * p
        if g * p == 1:
            terms = d + (k**2 if form == "full" else k) * f
            held = 0
        elif form == "full":
            terms = g * p * (p * d + k * p * f + k**2 * f)
            held += n * g * p * k * f
        else:
            terms = g * p * p * (d + k * f)
            held *= 1 if form == "trace" else k
        return Cost(2.0 * n * terms, 2.0 * held * self.itemsize)

    def gradients(self, form: Form = "full") -> Cost:
        """By gradients of examples."""
        k, both = self.outputs, self.first + self.second
        entries = self.groups * self.features * self.seen
        products = 2.0 * (k**2 if form == "full" else k) * self.first * self.second * entries
        made = 2.0 * k * both * self.positions * entries
        return Cost(products + made, 2.0 * k * both * entries * self.itemsize)

    def cheaper(self, form: Form = "full") -> str:
        """`pairs` or `gradients`."""
        return "pairs" if pairs_are_cheaper(self, form) else "gradients"

    def cost(self, form: Form = "full") -> Cost:
        """That of the cheaper route."""
        return self.pairs(form) if self.cheaper(form) == "pairs" else self.gradients(form)


def pairs_are_cheaper(sizes: Sizes, form: Form = "full") -> bool:
    """Whether products of pairs of positions cost less than gradients of examples."""
    return sizes.picks or sizes.pairs(form).total <= sizes.gradients(form).total


def sizes_of(part: Factor, n1: int, n2: int) -> Sizes:
    """The sizes of a part whose gradients meet those of another batch."""
    _, g, p, d = part.seen.shape
    k, f = part.back.shape[1], part.back.shape[-1]
    return Sizes(k, n1, n2, g, p, d, f, part.back.dtype.itemsize, part.picks)


def cheaper_form(part: Part, n1: int, n2: int, form: Form) -> Part:
    """The part itself, or its gradients where these are the cheaper route."""
    if isinstance(part, Rows) or pairs_are_cheaper(sizes_of(part, n1, n2), form):
        return part
    return part.gradients()
