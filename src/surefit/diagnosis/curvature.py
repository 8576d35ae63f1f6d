r"""The curvature of the loss: of its Gauss-Newton part $J^\top AJ$, and of all of it.

$A$ is the Hessian of the loss in the outputs, a block per sample; $J^\top AJ$ has the non-zero
eigenvalues of $A^{1/2}KA^{1/2}$.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.core.memory import available_bytes, format_bytes
from surefit.core.spectrum import (
    Enclosure,
    Extremes,
    SymmetricOperator,
    lanczos_extremes,
)
from surefit.diagnosis.kernel import DenseKernel, operator
from surefit.diagnosis.subject import Subject
from surefit.losses import Loss

__all__ = ["extremes_of_all", "gauss_newton_largest", "loss_curvature", "sharpness"]

_ITERATIONS = 80
_ENDS = 300


def loss_curvature(
    loss: Loss, outputs: Float[Array, "n k"], y: Float[Array, "n k"]
) -> Float[np.ndarray, "n k k"]:
    r"""$A$, the positive part of every block: a loss that is not convex may bend down."""
    slope = lambda f: loss.output_gradient(f, y)  # noqa: E731
    columns = [
        jax.jvp(slope, (outputs,), (jnp.zeros_like(outputs).at[:, a].set(1.0),))[1]
        for a in range(outputs.shape[1])
    ]
    blocks = np.asarray(jnp.stack(columns, axis=2))
    values, vectors = np.linalg.eigh((blocks + blocks.transpose(0, 2, 1)) / 2)
    return np.einsum("iab,ib,icb->iac", vectors, np.maximum(values, 0.0), vectors)


def _root(blocks: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n k k"]:
    values, vectors = np.linalg.eigh(blocks)
    roots = np.sqrt(np.maximum(values, 0.0))
    return np.einsum("iab,ib,icb->iac", vectors, roots, vectors)


def gauss_newton_largest(
    subject: Subject, kernel: DenseKernel, memory_limit: int | None
) -> Enclosure:
    """The largest eigenvalue of the Gauss-Newton matrix on all samples."""
    whole = kernel.subject.samples == subject.samples
    scale = subject.scale
    if whole and scale is not None:
        top = kernel.spectrum.largest
        return Enclosure(
            2 * scale * max(top.lower, 0.0), 2 * scale * top.value, 2 * scale * top.upper
        )
    root = _root(loss_curvature(subject.loss, subject.predictions(), subject.y))
    n, k = subject.samples, subject.outputs

    def times(v: np.ndarray) -> np.ndarray:
        return np.einsum("iab,ib->ia", root, v.reshape(n, k)).reshape(-1)

    if whole:
        # The roots are symmetric: rows first, then the rows of the transpose.
        turned = (root @ kernel.matrix.reshape(n, k, -1)).reshape(n * k, -1)
        turned = (root @ turned.T.reshape(n, k, -1)).reshape(n * k, -1)
        op = SymmetricOperator.from_matrix((turned + turned.T) / 2)
    else:
        op = _with_error(operator(subject, memory_limit, times), subject)
    return lanczos_extremes(
        op, tolerance=1e-3, ends="largest", max_iterations=min(_ITERATIONS, op.size)
    ).largest


def extremes_of_all(subject: Subject, memory_limit: int | None) -> Extremes:
    """Both ends of the spectrum of the kernel on all samples, matrix-free."""
    op = _with_error(operator(subject, memory_limit), subject)
    return lanczos_extremes(op, tolerance=1e-3, max_iterations=min(_ENDS, op.size))


def sharpness(subject: Subject, memory_limit: int | None) -> Extremes | str:
    """Both ends of the spectrum of the Hessian of the loss; a sentence where it costs too much.

    Cost:
        About forty products, each as much work as two gradients.
    """
    limit = available_bytes() if memory_limit is None else memory_limit
    steps = min(_ITERATIONS, subject.parameters)
    needed = subject.product_bytes() + 8 * (steps + 4) * subject.parameters
    if needed > limit:
        return (
            f"not computed: products with the Hessian on {subject.samples} samples and "
            f"{subject.parameters} parameters take {format_bytes(needed)}, "
            f"{format_bytes(limit)} may be used"
        )
    op = _with_error(hessian(subject), subject)
    return lanczos_extremes(op, tolerance=1e-3, ends="largest", max_iterations=steps)


def hessian(subject: Subject) -> SymmetricOperator:
    """Products with the Hessian of the loss: a forward derivative of the gradient."""

    def product(v: Any) -> np.ndarray:
        direction = subject.unflatten(v)
        found = _hessian_product(subject.apply, subject.loss, subject.moving, direction,
                                 subject.x, subject.y)  # fmt: skip
        return np.asarray(found, np.float64)

    return SymmetricOperator(product, subject.parameters)


@eqx.filter_jit
def _hessian_product(
    apply: Callable, loss: Loss, moving: Any, direction: Any, x: Array, y: Array
) -> Array:
    with jax.default_matmul_precision("highest"):

        def objective(part: Any) -> Array:
            outputs = apply(part, x)
            return loss(outputs, y.astype(outputs.dtype))

        found = jax.jvp(jax.grad(objective), (moving,), (direction,))[1]
        return jax.flatten_util.ravel_pytree(found)[0]


def _with_error(op: SymmetricOperator, subject: Subject) -> SymmetricOperator:
    """Say how far products in lower precision are off, lest they look asymmetric."""
    if subject.double:
        return op
    vector, size = np.random.default_rng(0).standard_normal(op.size), 0.0
    for _ in range(4):
        vector = op(vector / np.linalg.norm(vector))
        size = float(np.linalg.norm(vector))
        if size == 0.0:
            return op
    # A rule of experience, as for the kernel.
    return dataclasses.replace(op, error=2 * subject.relative_error * size * op.size**0.5)
