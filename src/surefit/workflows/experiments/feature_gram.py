r"""The limit Gram matrix of rectified random features, which decides the rate of the theorem."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from surefit.activations.arc_cosine import rectifier_dual
from surefit.core.precision import float64

__all__ = ["limit_ends"]


@float64
def limit_ends(x: Float[np.ndarray, "n d"]) -> tuple[float, float]:
    r"""$\lambda_0 = \lambda_{\min}(G^\infty)$ and $\lambda_{\max}(G^\infty)$ for rows of norm 1.

    $G^\infty_{ij} = E[\sigma(w^\top x_i)\sigma(w^\top x_j)]$ with $w \sim N(0, I)$.

    Cost: $n^2d + 10n^3$ operations.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), equation (17).
    """
    one = jnp.ones((1, 1))
    gram = rectifier_dual(jnp.clip(jnp.asarray(x) @ jnp.asarray(x).T, -1.0, 1.0), one, one)
    eigenvalues = np.linalg.eigvalsh(np.asarray(gram))
    return float(eigenvalues[0]), float(eigenvalues[-1])
