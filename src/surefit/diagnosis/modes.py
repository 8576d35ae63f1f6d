r"""The residual in eigen-coordinates of the kernel: exactly, or as seen from a Krylov space.

Along an eigenvector with eigenvalue $\lambda$ gradient descent with the step $\eta$ multiplies the
residual of the linearised network by $1 - \eta\lambda$ per step.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from jaxtyping import Float

from surefit.core.spectrum import SymmetricOperator
from surefit.diagnosis.kernel import DenseKernel

__all__ = ["Modes", "dense_modes", "krylov_modes"]


@dataclasses.dataclass(frozen=True, eq=False)
class Modes:
    """Eigenvalues, and how much of the residual lies along each.

    Args:
        values: in ascending order, those that cannot be told from 0 as 0.
        weights: the squared coordinates of the residual, which add up to its squared norm.
        above: None where these are all eigenvalues. Otherwise they are the nodes of Gauss
            quadrature in a Krylov space of the residual, which shows no more of the loss after any
            number of steps than there is, and `above` are those of Gauss-Radau quadrature with a
            node at 0, which show no less (for steps of at most one over the largest eigenvalue).
    """

    values: Float[np.ndarray, " m"]
    weights: Float[np.ndarray, " m"]
    above: Modes | None = None

    @property
    def exact(self) -> bool:
        """Whether these are all eigenvalues."""
        return self.above is None

    @property
    def total(self) -> float:
        """The squared norm of the residual."""
        return float(self.weights.sum())

    def share_below(self, bound: float) -> float:
        """The share of the squared residual along eigenvalues of at most `bound`."""
        if self.total == 0.0:
            return 0.0
        return float(self.weights[self.values <= bound].sum() / self.total)


def dense_modes(kernel: DenseKernel, residual: Float[np.ndarray, " nk"]) -> Modes:
    """From all eigenvectors."""
    return Modes(kernel.values, (kernel.vectors.T @ residual) ** 2)


def krylov_modes(
    op: SymmetricOperator, residual: Float[np.ndarray, " nk"], steps: int, relative_error: float
) -> Modes:
    r"""From Lanczos steps that start at the residual: quadrature of its spectral measure.

    Args:
        op: products with the kernel.
        residual: where the Krylov space starts.
        steps: its dimension at most.
        relative_error: eigenvalues below this share of the largest count as 0.

    The loss after $t$ steps is half the integral of $(1 - \eta\lambda)^{2t}$, whose derivatives of
    even order are positive and, where $\eta\lambda \le 1$, those of odd order negative: that
    settles the signs of both errors.

    References:
        G. H. Golub, G. Meurant, Matrices, Moments and Quadrature with Applications, 2010, sections
        6.2 and 6.3.

    Cost:
        `steps` products, and as many vectors.
    """
    length = float(np.linalg.norm(residual))
    if length == 0.0:
        return Modes(np.zeros(1), np.zeros(1))
    alpha, beta = _recurrence(op, residual / length, steps)
    inner = _quadrature(alpha, beta[:-1], length, relative_error)
    if len(alpha) == op.size or beta[-1] == 0.0:
        return inner
    # The last coefficient that makes 0 an eigenvalue of the larger matrix.
    solved = np.linalg.solve(_tridiagonal(alpha, beta[:-1]), beta[-1] ** 2 * np.eye(len(alpha))[-1])
    outer = _quadrature([*alpha, float(solved[-1])], beta, length, relative_error)
    return dataclasses.replace(inner, above=outer)


def _recurrence(
    op: SymmetricOperator, start: Float[np.ndarray, " nk"], steps: int
) -> tuple[list[float], list[float]]:
    basis, alpha, beta = [start], [], []
    for _ in range(min(steps, op.size)):
        image = op(basis[-1])
        alpha.append(float(basis[-1] @ image))
        rows = np.array(basis)
        for _ in range(2):  # twice is enough
            image = image - rows.T @ (rows @ image)
        beta.append(float(np.linalg.norm(image)))
        if beta[-1] <= 1e-12 * max(map(abs, alpha)):
            beta[-1] = 0.0
            break
        basis.append(image / beta[-1])
    return alpha, beta


def _tridiagonal(alpha: list[float], beta: list[float]) -> np.ndarray:
    return np.diag(alpha) + np.diag(beta, 1) + np.diag(beta, -1)


def _quadrature(
    alpha: list[float], beta: list[float], length: float, relative_error: float
) -> Modes:
    values, vectors = np.linalg.eigh(_tridiagonal(alpha, beta))
    values = np.where(values <= relative_error * values[-1], 0.0, values)
    return Modes(values, (length * vectors[0]) ** 2)
