"""The Gram matrices of Ling et al. (2023) at finite width."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.implicit.limits.states import adjoint_states, equilibrium_states

__all__ = ["LingGram", "ling_finite_gram"]

Given = Float[Array, "_ _"] | Float[np.ndarray, "_ _"]
Vector = Float[Array, " m"] | Float[np.ndarray, " m"]
Matrix = Float[Array, "n n"] | Float[np.ndarray, "n n"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class LingGram:
    r"""Gram matrices of $\hat y = a^\top z$, $z = \sigma(Wz + Ux)$, at given weights.

    Args:
        H1: part of the output weights, $G$.
        H2: part of the implicit weights, $G\circ RR^\top$.
        H3: part of the input weights, $XX^\top\circ RR^\top$.
        G: $ZZ^\top$.
    """

    H1: Matrix
    H2: Matrix
    H3: Matrix
    G: Matrix

    @property
    def H(self) -> Matrix:
        """The tangent kernel, the sum of the three parts."""
        return self.H1 + self.H2 + self.H3


@float64
def ling_finite_gram(W: Given, U: Given, a: Vector, x: Given) -> LingGram:
    r"""Gram matrices of the implicit network of Ling et al. (2023), in float64.

    Row $i$ of $R$ is $r_i = D_i(I - W^\top D_i)^{-1}a$, with $\sigma'(0) = 1$ as in the paper. The
    printed $R = (a\otimes I_n)J^{-1}D$ has the factors of the Kronecker product in the other
    order than its shape asks for.

    Args:
        W: implicit weights, (m, m).
        U: input weights, (m, d).
        a: output weights, (m,).
        x: samples as rows, (n, d); the paper has columns.

    Cost: $nm^2$ operations per step of two iterations of some 30 steps.

    Raises:
        InvalidInputError: shapes that do not fit.
        NumericalError: no equilibrium was reached.

    References:
        Ling, Xie, Wang, Zhang, Lin (2023), Global convergence of over-parameterized deep
        equilibrium models, AISTATS, Lemma 2 and the definition of H.
    """
    shapes = {"W": W.shape, "U": U.shape}
    wanted = {"W": (a.shape[0],) * 2, "U": (a.shape[0], x.shape[1])}
    if shapes != wanted:
        raise InvalidInputError(
            f"`ling_finite_gram(...)` must be given shapes {wanted} for a of length {a.shape[0]} "
            f"and x of shape {x.shape}. Got {shapes}. Samples are rows."
        )
    W, U, a, x = (jnp.asarray(value) for value in as_float64((W, U, a, x)))
    injection = x @ U.T
    z = equilibrium_states(W, injection)
    r = adjoint_states(W, z @ W.T + injection >= 0, a)
    gram, back = z @ z.T, r @ r.T
    return LingGram(H1=gram, H2=gram * back, H3=(x @ x.T) * back, G=gram)
