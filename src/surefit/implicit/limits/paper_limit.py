"""The Gram matrices of Gao et al. (2022) in the limit of infinite width."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.activations.arc_cosine import rectifier_dual, step_dual
from surefit.core.precision import as_float64, float64
from surefit.implicit.limits.rectified_pair import diagonal
from surefit.implicit.limits.rectified_table import rectified_moments
from surefit.implicit.limits.unit_rows import unit_rows

__all__ = ["PaperLimit", "paper_limit"]

Matrix = Float[Array, "n n"] | Float[np.ndarray, "n n"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class PaperLimit:
    r"""Limits of the Gram matrices of $\hat y = u^\top z^* + v^\top\phi$.

    Args:
        G: $\lim\Phi\Phi^\top = E[\sigma(a)\sigma(a')]$, (17) of the paper.
        K: $\lim ZZ^\top$ of the equilibria.
        S: probability that a unit is active for both samples.
        T: the same, and its injection is active for both.
        M: $S/(1 - \gamma^2S)$, limit of (15).
        Q: $T/(1 - \gamma^2S) + P(a > 0, a' > 0)$, limit of (16) with its transpose.
        H: the tangent kernel, limit of (14); the sum of the four parts.
        H_A: part of the implicit weights, $\gamma^2M\circ K$.
        H_W: part of the input weights, $Q\circ XX^\top$.
        H_u: part of the output weights of the equilibrium, $K$.
        H_v: part of the output weights of the features, $G$.
    """

    G: Matrix
    K: Matrix
    S: Matrix
    T: Matrix
    M: Matrix
    Q: Matrix
    H: Matrix
    H_A: Matrix
    H_W: Matrix
    H_u: Matrix
    H_v: Matrix


@float64
def paper_limit(x: Float[Array, "n d"] | Float[np.ndarray, "n d"], gamma: float) -> PaperLimit:
    r"""Infinite-width limits for the implicit network of Gao et al. (2022), in float64.

    The paper gives a limit of $G$ only. The pre-activation of the equilibrium is a Gaussian plus
    a rectified Gaussian; the fixed point of its covariances is `rectified_moments`.

    Args:
        x: samples as rows of unit norm (Assumption 2 of the paper).
        gamma: $\gamma$ of $z = \sigma(\gamma Az/\sqrt m + \phi(x))$.

    Cost: about 200 operations per pair, and 0.2 s once for each gamma.

    Raises:
        InvalidInputError: rows that are not of unit norm.
        NumericalError: $\gamma \ge \sqrt2$: the variances grow without bound.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), arXiv 2110.05645, section 2 and eqs. (14)-(17).

    Example:
        >>> import numpy as np
        >>> from surefit.implicit.limits import paper_limit
        >>> print(paper_limit(np.eye(2), 0.1).H.round(6))
        [[1.999849 0.332145]
         [0.332145 1.999849]]
    """
    x = unit_rows("paper_limit", as_float64(x))
    n = x.shape[0]
    off, one = ~jnp.eye(n, dtype=bool), jnp.ones(())
    gram = jnp.where(off, x @ x.T, 1.0)
    q, s, t = diagonal(gamma)
    g = jnp.where(off, rectifier_dual(gram, one, one), 0.5)
    active = jnp.where(off, step_dual(gram, one, one), 0.5)
    k, slope, both = (
        jnp.where(off, value, own)
        for value, own in zip(rectified_moments(gamma, gram, one, one), (q, s, t), strict=True)
    )
    backward = 1.0 / (1.0 - gamma**2 * slope)
    m, inputs = slope * backward, both * backward + active
    parts = {"H_A": gamma**2 * m * k, "H_W": inputs * gram, "H_u": k, "H_v": g}
    return PaperLimit(G=g, K=k, S=slope, T=both, M=m, Q=inputs, H=sum(parts.values()), **parts)
