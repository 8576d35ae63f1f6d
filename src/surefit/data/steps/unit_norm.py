"""Rows of Euclidean norm one."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.norms import unit_rows
from surefit.data.step import Step

__all__ = ["UnitNorm"]


@dataclasses.dataclass(frozen=True)
class UnitNorm(Step):
    r"""$x_i \mapsto x_i / \lVert x_i \rVert_2$; an image is one long vector.

    References:
        Du, Zhai, Poczos, Singh (2019), Gradient descent provably optimizes over-parameterized
        neural networks: a hypothesis of its convergence theorems, and of most theorems here.
    """

    description = "every row divided by its Euclidean norm"

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        """Rows of norm one.

        Raises:
            InvalidInputError: a row is zero; the message names the rows.
        """
        return unit_rows(x, "`unit_norm`")
