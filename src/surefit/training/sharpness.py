"""The largest curvature of the loss, which decides how long a step may be."""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.layer import Params
from surefit.core.precision import as_float64, float64
from surefit.core.spectrum.dense import symmetric_spectrum
from surefit.core.spectrum.lanczos import lanczos_extremes
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.tangent.gram import tangent_blocks
from surefit.training.costs import eigenvalue_flops, gradient_flops, gram_flops

__all__ = ["gram_bounds", "gram_largest", "loss_smoothness"]

_DENSE_LIMIT = 4000
# Lanczos reaches 1e-3 in about so many products, each about as much work as two gradients.
_PRODUCTS = 25
# Samples whose blocks are formed at once.
_AT_ONCE = 8


def gram_largest(problem: Problem, params: Params) -> float:
    r"""An upper bound of $\lambda_{\max}$ of the empirical Gram matrix, at most 0.1 % above it.

    From the whole spectrum with its error bound, or from matrix-free Lanczos (whose bound holds
    but for one start in a million), whichever takes fewer operations.
    """
    return _dense(problem, params)[0] if _prefers_dense(problem, params) else _free(problem, params)


def gram_bounds(problem: Problem, params: Params) -> tuple[float, float]:
    r"""Upper bounds of $\lambda_{\max}(K)$ and of $\max_i \lambda_{\max}(K_{ii})$ over the samples.

    Where the whole matrix is too much work, the blocks of the samples are formed one by one.
    """
    if _prefers_dense(problem, params):
        return _dense(problem, params)
    return _free(problem, params), float(_largest_block(problem, as_float64(params)))


def loss_smoothness(problem: Problem, call: str) -> float:
    """The Lipschitz constant of the loss gradient with respect to the outputs.

    Raises:
        InvalidInputError: there is none, so that no step size is safe.
    """
    smoothness = problem.loss.smoothness(problem.samples)
    if math.isfinite(smoothness) and smoothness > 0:
        return smoothness
    raise InvalidInputError(
        f"`{call}` must go with a loss of bounded curvature. Got {problem.loss!r}, whose "
        f"smoothness constant is {smoothness}. The automatic step is 1 / (smoothness * lambda_max "
        "of the Gram matrix). Give the step size as a number."
    )


def _prefers_dense(problem: Problem, params: Params) -> bool:
    dense = gram_flops(problem, params) + 2 * eigenvalue_flops(problem.residuals)
    free = _PRODUCTS * 2 * gradient_flops(params, problem.samples)
    return dense <= free and problem.residuals <= _DENSE_LIMIT


def _dense(problem: Problem, params: Params) -> tuple[float, float]:
    gram = np.asarray(problem.gram(params))
    blocks = gram.reshape(problem.samples, problem.outputs, problem.samples, problem.outputs)
    own = np.einsum("iaib->iab", blocks)
    per_sample = float(np.linalg.norm(own, 2, axis=(1, 2)).max())
    return symmetric_spectrum(gram, eigenvectors=False).largest.upper, per_sample


@float64
def _largest_block(problem: Problem, params: Params) -> Float[Array, ""] | np.ndarray:
    r"""$\max_i\lambda_{\max}(K_{ii})$."""
    return _largest_block_compiled(problem, params)


@eqx.filter_jit
def _largest_block_compiled(problem: Problem, params: Params) -> Float[Array, ""]:
    def size(example: Float[Array, "..."]) -> Float[Array, ""]:
        own = tangent_blocks(problem.network, params, example[None])
        return jnp.linalg.norm(own[:, :, 0, 0], 2)

    return jnp.max(jax.lax.map(size, problem.x, batch_size=_AT_ONCE))


@float64
def _free(problem: Problem, params: Params) -> float:
    params = jax.tree.map(jax.numpy.asarray, params)
    operator = SymmetricOperator(lambda v: problem.gram_product(params, v), problem.residuals)
    return lanczos_extremes(operator, tolerance=1e-3, ends="largest").largest.upper
