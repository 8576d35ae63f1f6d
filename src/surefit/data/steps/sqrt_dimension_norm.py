"""Rows of the length that a standard normal vector has."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float64

from surefit.data.norms import unit_rows
from surefit.data.step import Step

__all__ = ["SqrtDimensionNorm"]


@dataclasses.dataclass(frozen=True)
class SqrtDimensionNorm(Step):
    r"""$x_i \mapsto \sqrt d\, x_i / \lVert x_i \rVert_2$; an image is one long vector of d entries.

    References:
        Ling, Xie, Wang, Zhang, Lin (2023), Global convergence of over-parameterized deep
        equilibrium models, Assumption 2.
    """

    description = "every row scaled to the norm sqrt(d), d the number of its entries"

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n ..."]:
        r"""Rows of norm $\sqrt d$.

        Raises:
            InvalidInputError: a row is zero; the message names the rows.
        """
        return math.sqrt(x[0].size) * unit_rows(x, "`sqrt_dimension_norm`")
