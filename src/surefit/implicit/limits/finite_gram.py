"""The Gram matrices of Gao et al. (2022) at finite width."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.implicit.limits.states import adjoint_states, equilibrium_states, transposed_states

__all__ = ["FiniteGram", "finite_gram"]

Given = Float[Array, "_ _"] | Float[np.ndarray, "_ _"]
Vector = Float[Array, " m"] | Float[np.ndarray, " m"]
Matrix = Float[Array, "n n"] | Float[np.ndarray, "n n"]


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class FiniteGram:
    r"""Gram matrices of $\hat y = u^\top z + v^\top\phi$ at given weights.

    With $D_i$, $E_i$ the activation patterns of equilibrium and features,
    $p_i = D_i^\top(I - \tilde\gamma D_iA)^{-\top}u$ and $\tilde\gamma = \gamma/\sqrt m$:

    Args:
        phi_gram: $\Phi\Phi^\top$.
        z_gram: $ZZ^\top$.
        M: $M_{ij} = p_i^\top p_j/m$, (15) of the paper.
        Q: $Q_{ij} = (p_i + v)^\top E_iE_j(p_j + v)/m$, (16) with its transpose.
        q_as_printed: (16) as printed, with $D_i(I - \tilde\gamma D_iA)^{-1}u$ in place of the
            first $p_i$; not symmetric, and not part of the tangent kernel.
        H: the tangent kernel (14), the sum of the four parts. The identity matrix in the printed
            (14) must be the matrix of ones.
        H_A: part of the implicit weights, $\gamma^2M\circ ZZ^\top$.
        H_W: part of the input weights, $Q\circ XX^\top$.
        H_u: part of the output weights of the equilibrium, $ZZ^\top$.
        H_v: part of the output weights of the features, $\Phi\Phi^\top$.
    """

    phi_gram: Matrix
    z_gram: Matrix
    M: Matrix
    Q: Matrix
    q_as_printed: Matrix
    H: Matrix
    H_A: Matrix
    H_W: Matrix
    H_u: Matrix
    H_v: Matrix


@float64
def finite_gram(
    A: Given,
    W: Given,
    u: Vector,
    v: Vector,
    x: Given,
    gamma: float,
    z: Given | None = None,
) -> FiniteGram:
    r"""Gram matrices of the implicit network of Gao et al. (2022), in float64.

    $z = \sigma(\gamma Az/\sqrt m + \phi)$, $\phi = \sigma(Wx)/\sqrt m$, with $\sigma'(0) = 0$.

    Args:
        A: implicit weights, (m, m).
        W: input weights, (m, d).
        u: output weights of the equilibrium, (m,).
        v: output weights of the features, (m,).
        x: samples as rows, (n, d).
        gamma: $\gamma$.
        z: the equilibria as rows, (n, m), if known; None: iterate to 1e-15.

    Cost: $nm^2$ operations per step of three iterations of some 30 steps.

    Raises:
        InvalidInputError: shapes that do not fit.
        NumericalError: no equilibrium was reached.

    References:
        Gao, Liu, Liu, Rajan, Gao (2022), arXiv 2110.05645, eqs. (1)-(4), (14)-(16), Lemma 2.3.
    """
    shapes = {"A": A.shape, "W": W.shape, "u": u.shape, "v": v.shape}
    m, (n, d) = u.shape[0], x.shape
    wanted = {"A": (m, m), "W": (m, d), "u": (m,), "v": (m,)}
    if z is not None:
        shapes["z"], wanted["z"] = z.shape, (n, m)
    if shapes != wanted:
        raise InvalidInputError(
            f"`finite_gram(...)` must be given shapes {wanted} for u of length {m} and x of shape "
            f"{x.shape}. Got {shapes}. Samples are rows; the state has as many features as u."
        )
    A, W, u, v, x = (jnp.asarray(value) for value in as_float64((A, W, u, v, x)))
    matrix = gamma / m**0.5 * A
    before = x @ W.T
    phi = jnp.maximum(before, 0.0) / m**0.5
    z = equilibrium_states(matrix, phi) if z is None else jnp.asarray(as_float64(z))
    active = z @ matrix.T + phi > 0
    p = adjoint_states(matrix, active, u)
    printed = transposed_states(matrix, active, u)
    open_ = before > 0
    forward, misprint = (jnp.where(open_, state + v[None, :], 0.0) for state in (p, printed))
    phi_gram, z_gram, back = phi @ phi.T, z @ z.T, p @ p.T / m
    inputs = forward @ forward.T / m
    parts = {
        "H_A": gamma**2 * back * z_gram,
        "H_W": inputs * (x @ x.T),
        "H_u": z_gram,
        "H_v": phi_gram,
    }
    return FiniteGram(
        phi_gram=phi_gram,
        z_gram=z_gram,
        M=back,
        Q=inputs,
        q_as_printed=misprint @ forward.T / m,
        H=sum(parts.values()),
        **parts,
    )
