"""A constant last coordinate on the unit sphere."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.norms import unit_rows
from surefit.data.step import Step

__all__ = ["AppendCoordinate"]


@dataclasses.dataclass(frozen=True)
class AppendCoordinate(Step):
    r"""$x_i \mapsto \bigl(x_i / (\sqrt2\,\lVert x_i\rVert),\ 1/\sqrt2\bigr)$; images are flattened.

    The rows have norm one, the last coordinate acts as a bias, and no two rows are anti-parallel:
    $\langle x_i, x_j\rangle \ge 0$. Distances are those of the normalised rows divided by
    $\sqrt2$.

    References:
        Allen-Zhu, Li, Song (2019), A convergence theory for deep learning via
        over-parameterization, section 2: "without loss of generality".
    """

    description = "rows normalised and given the constant last coordinate 1/sqrt(2)"

    def apply(self, x: Float64[np.ndarray, "n ..."]) -> Float64[np.ndarray, "n d"]:
        """Vectors with one more coordinate.

        Raises:
            InvalidInputError: a row is zero; the message names the rows.
        """
        rows = unit_rows(x.reshape(len(x), -1), "`append_coordinate`")
        return np.concatenate([rows, np.ones((len(rows), 1))], axis=1) / np.sqrt(2.0)
