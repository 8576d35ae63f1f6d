"""Sums of decaying exponentials: the shape of every predicted training curve."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.jsonable import as_float

__all__ = ["Curve"]


@dataclasses.dataclass(frozen=True)
class Curve:
    r"""$c(t) = \sum_i w_i q_i^{t}$ with $w_i \ge 0$ and $0 \le q_i$.

    `t` counts steps for descent and is time for gradient flow. A geometric bound has one term; the
    kernel prediction $\sum_i (1-\eta\lambda_i)^{2t}(v_i^\top r_0)^2$ has one term per eigenvalue.

    Args:
        weights: the $w_i$.
        factors: the $q_i$, per step or per unit of time.
    """

    weights: tuple[float, ...]
    factors: tuple[float, ...]

    @classmethod
    def geometric(cls, initial: float, factor: float) -> Curve:
        """`initial * factor**t`."""
        return cls((float(initial),), (float(factor),))

    def __call__(self, t: Float[np.ndarray, " times"]) -> Float[np.ndarray, " times"]:
        """The values at the times `t`."""
        times = np.asarray(t, dtype=np.float64)
        weights = np.asarray(self.weights)
        factors = np.asarray(self.factors)
        with np.errstate(under="ignore"):
            return np.power(factors[None, :], times[:, None]) @ weights

    def to_dict(self) -> dict[str, Any]:
        """A JSON-ready mapping."""
        return {"weights": list(self.weights), "factors": list(self.factors)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Curve:
        """The inverse of `to_dict`."""
        return cls(tuple(map(as_float, data["weights"])), tuple(map(as_float, data["factors"])))
