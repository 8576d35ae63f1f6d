"""The largest curvature of the loss, which decides how long a step may be."""

from __future__ import annotations

import math

import jax
import numpy as np

from surefit.core.layer import Params
from surefit.core.spectrum.dense import symmetric_spectrum
from surefit.core.spectrum.lanczos import lanczos_extremes
from surefit.core.spectrum.operator import SymmetricOperator
from surefit.errors import InvalidInputError
from surefit.problem import Problem
from surefit.training.costs import eigenvalue_flops, gradient_flops, gram_flops

__all__ = ["gram_bounds", "gram_largest", "loss_smoothness"]

_DENSE_LIMIT = 4000
# Lanczos reaches 1e-3 in about so many products, each about as much work as two gradients.
_PRODUCTS = 25


def gram_largest(problem: Problem, params: Params) -> float:
    r"""An upper bound of $\lambda_{\max}$ of the empirical Gram matrix, at most 0.1 % above it.

    From the whole spectrum with its error bound, or from matrix-free Lanczos (whose bound holds
    but for one start in a million), whichever takes fewer operations.
    """
    return _dense(problem, params)[0] if _prefers_dense(problem, params) else _free(problem, params)


def gram_bounds(problem: Problem, params: Params) -> tuple[float, float]:
    r"""Upper bounds of $\lambda_{\max}(K)$ and of $\max_i \lambda_{\max}(K_{ii})$ over the samples.

    The second is infinite where the matrix is too large to be formed.
    """
    if _prefers_dense(problem, params):
        return _dense(problem, params)
    return _free(problem, params), math.inf


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
    free = _PRODUCTS * 2 * gradient_flops(problem, params, problem.samples)
    return dense <= free and problem.residuals <= _DENSE_LIMIT


def _dense(problem: Problem, params: Params) -> tuple[float, float]:
    gram = np.asarray(problem.gram(params))
    blocks = gram.reshape(problem.samples, problem.outputs, problem.samples, problem.outputs)
    own = np.einsum("iaib->iab", blocks)
    per_sample = float(np.linalg.norm(own, axis=(1, 2)).max())
    return symmetric_spectrum(gram, eigenvectors=False).largest.upper, per_sample


def _free(problem: Problem, params: Params) -> float:
    params = jax.tree.map(jax.numpy.asarray, params)
    operator = SymmetricOperator(lambda v: problem.gram_product(params, v), problem.residuals)
    return lanczos_extremes(operator, tolerance=1e-3, ends="largest").largest.upper
