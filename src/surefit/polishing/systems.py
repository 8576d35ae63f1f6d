r"""The linear systems of polishing, $(K + \lambda I)v = r$ with $K = JJ^\top$."""

from __future__ import annotations

import abc
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Float
from scipy.sparse.linalg import LinearOperator, cg

from surefit.core.layer import Params
from surefit.problem import Problem
from surefit.tangent.gram import tangent_blocks

__all__ = ["DenseSystem", "IterativeSystem", "System"]

Vector = Float[np.ndarray, " nk"]

_LANDMARKS = 400
_FORCING = 0.05


class System(abc.ABC):
    r"""$K$ at fixed weights, to be solved with for any damping."""

    @abc.abstractmethod
    def factor(self, damping: float) -> Callable[[Vector], Vector] | None:
        r"""$r \mapsto v$, valid until the next call.

        None where $K + \lambda I$ is not positive definite within rounding.
        """

    def solve(self, damping: float, r: Vector) -> Vector | None:
        """For one right-hand side."""
        inverse = self.factor(damping)
        return None if inverse is None else inverse(r)

    @property
    @abc.abstractmethod
    def scale(self) -> float:
        """The mean of the eigenvalues of K."""


class DenseSystem(System):
    r"""By Cholesky, in the one N by N array that it is given.

    The factor is written into one triangle; the other one keeps $K$, so that the next damping
    needs no second array.

    Args:
        gram: $K$; it is overwritten.

    Cost: $N^3/3$ operations per damping; no memory besides the array.
    """

    def __init__(self, gram: Float[np.ndarray, "nk nk"]) -> None:
        # LAPACK's columns are the rows of a C-ordered array: its lower triangle is the upper here.
        # What comes from JAX is read-only.
        own = gram.flags.writeable and gram.flags.c_contiguous
        self._array = gram if own else np.array(gram, order="C")
        self._diagonal = self._array.diagonal().copy()
        self._whole = True

    @property
    def scale(self) -> float:
        """The trace over N."""
        return float(np.mean(self._diagonal))

    @property
    def gram(self) -> Float[np.ndarray, "nk nk"]:
        """$K$ in the same array, which the next `factor` overwrites."""
        self._restore()
        return self._array

    def factor(self, damping: float) -> Callable[[Vector], Vector] | None:
        """Factorise; what is returned substitutes, for the columns of a matrix too."""
        self._restore()
        self._whole = False
        np.fill_diagonal(self._array, self._diagonal + damping)
        lower, info = scipy.linalg.lapack.dpotrf(self._array.T, lower=1, clean=0, overwrite_a=1)
        if info != 0:
            return None
        return lambda r: scipy.linalg.lapack.dpotrs(lower, r, lower=1)[0]

    def _restore(self) -> None:
        if self._whole:
            return
        for row in range(len(self._array)):
            self._array[row, row + 1 :] = self._array[row + 1 :, row]
        np.fill_diagonal(self._array, self._diagonal)
        self._whole = True


class IterativeSystem(System):
    r"""By conjugate gradients with products $JJ^\top v$ only, preconditioned by some columns of K.

    With $C$ the columns of a random subset of samples and $W$ their rows there, $CW^{-1}C^\top
    = LL^\top$ is close to $K$ where $K$ is large (Nyström), and $LL^\top + \lambda I$ is inverted
    by Woodbury's formula. The relative residual is 0.05, which an inexact Newton method can afford.

    Args:
        problem: network and data.
        params: the weights.
        seed: of the subset.

    Cost: the columns once, and two passes through the network per iteration; memory for
        400 N numbers.

    References:
        Z. Frangella, J. A. Tropp, M. Udell, Randomized Nyström preconditioning, SIAM J. Matrix
        Anal. Appl. 44 (2023); S. C. Eisenstat, H. F. Walker, Choosing the forcing terms in an
        inexact Newton method, SIAM J. Sci. Comput. 17 (1996).
    """

    def __init__(self, problem: Problem, params: Params, seed: int = 0) -> None:
        self._problem, self._params = problem, params
        size = problem.residuals
        count = max(1, min(problem.samples, _LANDMARKS // problem.outputs))
        chosen = np.sort(np.random.default_rng(seed).choice(problem.samples, count, replace=False))
        blocks = tangent_blocks(problem.network, params, problem.x, problem.x[jnp.asarray(chosen)])
        columns = np.asarray(jnp.transpose(blocks, (2, 0, 3, 1))).reshape(size, -1)
        rows = (chosen[:, None] * problem.outputs + np.arange(problem.outputs)[None]).reshape(-1)
        square = columns[rows]
        self._scale = float(np.mean(square.diagonal()))
        values, vectors = np.linalg.eigh(0.5 * (square + square.T))
        kept = values > 1e-10 * values[-1]
        low = columns @ (vectors[:, kept] / np.sqrt(values[kept])[None])
        # Orthogonal columns make Woodbury's formula stable.
        self._basis, singular, _ = np.linalg.svd(low, full_matrices=False)
        self._eigenvalues = singular**2

    @property
    def scale(self) -> float:
        """The mean of the diagonal over the subset."""
        return self._scale

    def factor(self, damping: float) -> Callable[[Vector], Vector]:
        """Nothing is factorised: what is returned iterates."""
        inverse = 1.0 / (self._eigenvalues + damping) - 1.0 / damping
        size = self._problem.residuals

        def product(v: np.ndarray) -> np.ndarray:
            with jax.enable_x64(True):
                image = np.asarray(self._problem.gram_product(self._params, v.reshape(-1)))
            return image + damping * v.reshape(-1)

        def precondition(v: np.ndarray) -> np.ndarray:
            flat = v.reshape(-1)
            return flat / damping + self._basis @ (inverse * (self._basis.T @ flat))

        def solve(r: Vector) -> Vector:
            v, _ = cg(
                LinearOperator((size, size), product, dtype=np.float64),
                r,
                rtol=_FORCING,
                maxiter=500,
                M=LinearOperator((size, size), precondition, dtype=np.float64),
            )
            return np.asarray(v)

        return solve
