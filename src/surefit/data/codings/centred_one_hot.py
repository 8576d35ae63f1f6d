"""One output per class, with rows that sum to zero."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float64

from surefit.data.labels import ClassCode

__all__ = ["CentredOneHot"]


@dataclasses.dataclass(frozen=True, eq=False)
class CentredOneHot(ClassCode):
    r"""$1 - 1/c$ at the output of the class and $-1/c$ elsewhere, for $c$ classes.

    The largest score wins. With balanced classes every output has mean zero, so that nothing has
    to be learnt along the constant function.

    References:
        Lee, Bahri, Novak, Schoenholz, Pennington, Sohl-Dickstein (2018), Deep neural networks as
        Gaussian processes, section 3: entries 0.9 and -0.1 for ten classes.
    """

    @staticmethod
    def table(classes: int) -> Float64[np.ndarray, "c k"]:
        """The rows of $I - 1/c$."""
        return np.eye(classes) - 1.0 / classes
