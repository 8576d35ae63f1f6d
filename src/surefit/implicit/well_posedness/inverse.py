"""An approximate inverse with a proof of how good it is."""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.core.rounding import UNIT_ROUNDOFF, frobenius_norm_bound, gamma, up

__all__ = ["VerifiedInverse", "outward", "verified_inverse"]


def outward(x: float) -> float:
    """At least the exact value of an expression of sixteen positive operations at most."""
    return float(up(x * (1.0 + 2.0**-48))) if x else 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class VerifiedInverse:
    r"""$R \approx M^{-1}$ with $\|I - RM\|_F \le \varepsilon < 1$; hence $M$ is invertible.

    Args:
        matrix: $R$.
        size: a bound on $\|R\|_F$.
        defect: $\varepsilon$.
    """

    matrix: Float[np.ndarray, "s s"]
    size: float
    defect: float

    @property
    def norm(self) -> float:
        r"""An upper bound of $\|M^{-1}\|_2$: $\|R\|_F/(1-\varepsilon)$."""
        return outward(self.size / (1.0 - self.defect))

    def solution_norm(self, rhs: Float[np.ndarray, " s"], error: float) -> float:
        r"""An upper bound of $\|M^{-1}r\|_2$ for every $r$ within `error` of `rhs`.

        $M^{-1} = (I - E)^{-1}R$ with $E = I - RM$, so that $\|M^{-1}r\| \le
        \|Rr\|/(1 - \varepsilon)$.
        """
        image = frobenius_norm_bound(self.matrix @ rhs)
        rounding = gamma(rhs.size) * self.size * frobenius_norm_bound(rhs)
        return outward((image + rounding + self.size * error) / (1.0 - self.defect))


def verified_inverse(
    matrix: Float[np.ndarray, "s s"], error: float = 0.0
) -> VerifiedInverse | None:
    r"""The inverse of every $M$ with $\|M - \hat M\|_F \le$ `error`; None where that is not proved.

    Args:
        matrix: $\hat M$.
        error: how far the true matrix may be.

    Cost: $4s^3$ operations.

    References:
        S. M. Rump (2010), Verification methods, section 10.
    """
    size = matrix.shape[0]
    try:
        approximate = np.linalg.inv(matrix)
    except np.linalg.LinAlgError:
        return None
    if not np.isfinite(approximate).all():
        return None
    norm = frobenius_norm_bound(approximate)
    product = approximate @ matrix
    own = frobenius_norm_bound(np.eye(size) - product)
    # Rounding of the product, of the subtraction, and the distance of the true matrix.
    rounding = gamma(size) * norm * frobenius_norm_bound(matrix) + UNIT_ROUNDOFF * 2 * own
    defect = outward(own + rounding + norm * error)
    return VerifiedInverse(approximate, norm, defect) if defect < 1.0 else None
