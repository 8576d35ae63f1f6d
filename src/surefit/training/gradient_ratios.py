"""Gradients of every matrix against the size of the residual that they come from."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from surefit.training.matrices import trained_matrices
from surefit.training.view import View

__all__ = ["gradient_ratios"]


def gradient_ratios(view: View) -> Float[Array, " matrices"]:
    r"""$\frac{2d}{nm}\|\nabla_{W_\ell}L\|_F^2/\sum_i\|v_i\|^2$, $v_i = \partial L/\partial f_i$.

    $m$ counts the rows of $W_\ell$, $d$ the outputs, $n$ the samples. For half the sum of squares
    $\sum_i\|v_i\|^2 = 2F$. 0 where the loss has no slope.
    """
    n, d = view.problem.samples, view.problem.outputs
    v = view.problem.loss.output_gradient(view.outputs, view.problem.y)
    square = jnp.sum(v**2)
    scale = 2.0 * d / (n * jnp.where(square > 0.0, square, 1.0))
    matrices = trained_matrices(view.gradient).values()
    return jnp.stack([scale / g.shape[0] * jnp.sum(g**2) for g in matrices])
