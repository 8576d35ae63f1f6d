r"""The tangent kernel as a linear operator: products with vectors, nothing formed.

$\Theta v = J_1(J_2^\top v)$: one backward pass over the second batch and one pass of directional
derivatives over the first.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import scipy.sparse.linalg
from jaxtyping import Array, Float

from surefit.core.layer import Layer, Params
from surefit.core.spectrum import SymmetricOperator
from surefit.core.tree import leaf_names
from surefit.errors import InvalidInputError
from surefit.tangent.asked import require_batches
from surefit.tangent.footprint import examples_together
from surefit.tangent.moving import pulled, pushed, trained_part, unwrapped

__all__ = ["NTKOperator", "ntk_operator"]


@dataclasses.dataclass(frozen=True, eq=False)
class NTKOperator:
    """A tangent kernel known through its products with vectors; rows example by example.

    Args:
        apply: the network as a function of what moves and of a batch.
        moving: the parameters that move.
        x1: the batch of the rows.
        x2: the batch of the columns; None: the same.
        outputs: $k$.
        dtype: of the products.
        block: examples that go through the network together.
    """

    apply: Callable
    moving: Params
    x1: Array
    x2: Array | None
    outputs: int
    dtype: np.dtype
    block: int

    @property
    def shape(self) -> tuple[int, int]:
        """(n1 k, n2 k)."""
        columns = self.x1 if self.x2 is None else self.x2
        return len(self.x1) * self.outputs, len(columns) * self.outputs

    def matvec(self, v: Any) -> Float[Array, " n1k"]:
        r"""$J_1(J_2^\top v)$.

        Raises:
            InvalidInputError: the vector has another length than the operator has columns.
        """
        return self._through(self.x1 if self.x2 is None else self.x2, self.x1, v, self.shape[1])

    def rmatvec(self, v: Any) -> Float[Array, " n2k"]:
        r"""$J_2(J_1^\top v)$, the product with the transpose."""
        return self._through(self.x1, self.x1 if self.x2 is None else self.x2, v, self.shape[0])

    def matmat(self, columns: Any) -> Float[Array, "n1k c"]:
        """The products with all columns of a matrix, one after the other."""
        return jnp.stack([self.matvec(column) for column in jnp.asarray(columns).T], axis=1)

    def __call__(self, v: Any) -> Float[Array, " n1k"]:
        """As `matvec`."""
        return self.matvec(v)

    def __matmul__(self, v: Any) -> Float[Array, "n1k ..."]:
        return self.matvec(v) if jnp.ndim(v) == 1 else self.matmat(v)

    @property
    def T(self) -> NTKOperator:
        """The transpose."""
        if self.x2 is None:
            return self
        return dataclasses.replace(self, x1=self.x2, x2=self.x1)

    def as_scipy(self) -> scipy.sparse.linalg.LinearOperator:
        """For SciPy's iterative solvers and eigenvalue solvers."""
        return scipy.sparse.linalg.LinearOperator(
            self.shape,
            matvec=lambda v: np.asarray(self.matvec(np.ravel(v))),
            rmatvec=lambda v: np.asarray(self.rmatvec(np.ravel(v))),
            dtype=self.dtype,
        )

    def as_lineax(self) -> Any:
        """For lineax: of one batch symmetric and positive semi-definite."""
        import lineax

        tags = lineax.positive_semidefinite_tag if self.x2 is None else ()
        columns = jax.ShapeDtypeStruct((self.shape[1],), self.dtype)
        return lineax.FunctionLinearOperator(self.matvec, columns, tags)

    def as_symmetric(self, error: float = 0.0) -> SymmetricOperator:
        r"""For `lanczos_extremes` and `lobpcg_smallest`; float64 only.

        Args:
            error: a bound on the error of a product with a unit vector, where one is known.

        Raises:
            InvalidInputError: two different batches, or products in lower precision.
        """
        if self.x2 is not None:
            raise InvalidInputError(
                "`NTKOperator.as_symmetric()` must be asked of the kernel of one batch. Got one "
                f"of the shape {self.shape} between two. Only symmetric kernels have the real "
                "spectrum that is asked for. Leave x2 out."
            )
        if self.dtype != np.float64:
            raise InvalidInputError(
                "`NTKOperator.as_symmetric()` must be asked of a float64 kernel. Got "
                f"{self.dtype}. In lower precision the small eigenvalues come out with the wrong "
                "sign, and a cast afterwards does not bring the digits back. Cast parameters and "
                "data with `surefit.core.precision.as_float64`."
            )
        return SymmetricOperator(self.matvec, self.shape[0], error)

    def _through(self, start: Array, end: Array, v: Any, size: int) -> Float[Array, " m"]:
        v = jnp.asarray(v)
        if v.shape != (size,):
            raise InvalidInputError(
                f"`NTKOperator` must be multiplied with a vector of length {size}. Got shape "
                f"{v.shape}. There is an entry per example and output, example by example. Flatten "
                "an array (n, k) with `ravel()`."
            )
        rows = v.astype(self.dtype).reshape(len(start), self.outputs)
        total: Any = None
        for i in range(0, len(start), self.block):
            given = start[i : i + self.block], rows[i : i + self.block]
            part = pulled(self.apply, self.moving, *given)
            total = part if total is None else jax.tree.map(jnp.add, total, part)
        parts = [
            pushed(self.apply, self.moving, end[i : i + self.block], total).reshape(-1)
            for i in range(0, len(end), self.block)
        ]
        return jnp.concatenate(parts)


def ntk_operator(
    network: Layer | Callable,
    params: Params,
    x1: Any,
    x2: Any = None,
    *,
    per_layer: bool = False,
    memory_limit: int | None = None,
) -> NTKOperator | dict[str, NTKOperator]:
    """The tangent kernel of all outputs as a linear operator.

    Args:
        network: a layer, or any function `f(params, x)` of a batch.
        params: its parameters.
        x1: the batch of the rows.
        x2: the batch of the columns; None: the same, and the operator is symmetric.
        per_layer: a dictionary of the operators of the layers, which add up to the whole.
        memory_limit: bytes that a product may use; None: what is available. Examples go through
            the network in blocks that fit.

    Returns:
        The operator; row `i * k + a` belongs to output a of example i.

    Raises:
        InvalidInputError: the batches do not match, are not finite, or nothing is trained.
        MemoryLimitError: not even one example has room.

    Cost:
        Per product one forward and backward pass over x2 and one pass over x1 with directional
        derivatives: about 12 operations per parameter and example, whatever k is.

    Example:
        >>> import jax
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(64), sf.Tanh(), sf.Dense(2))
        >>> x = jax.random.normal(jax.random.key(0), (5, 3))
        >>> operator = sf.tangent.ntk_operator(network, network.init(jax.random.key(1), (3,)), x)
        >>> operator.shape, (operator @ jax.numpy.ones(10)).shape
        ((10, 10), (10,))
    """
    x1, x2 = require_batches("ntk_operator", x1, x2)
    network, params = unwrapped(network, params)
    moving, apply = trained_part(network, params)
    if not jax.tree.leaves(moving):
        raise InvalidInputError(
            "`ntk_operator(network=...)` must have a trained parameter. Got none. Its kernel is "
            "zero. Set `trained=True` in a layer."
        )
    shapes = jax.eval_shape(apply, moving, x1)
    block = examples_together(apply, moving, x1, x2, memory_limit)
    outputs = math.prod(shapes.shape[1:])
    whole = NTKOperator(apply, moving, x1, x2, outputs, np.dtype(shapes.dtype), block)
    return _split(whole) if per_layer else whole


def _split(whole: NTKOperator) -> dict[str, NTKOperator]:
    names = [name.rpartition("/")[0] or name or "layer" for name in leaf_names(whole.moving)]
    structure = jax.tree.structure(whole.moving)
    found = {}
    for layer in dict.fromkeys(names):
        mask = jax.tree.unflatten(structure, [name == layer for name in names])
        own, rest = eqx.partition(whole.moving, mask)
        found[layer] = dataclasses.replace(whole, apply=_Rest(whole.apply, rest), moving=own)
    return found


class _Rest(eqx.Module):
    """A function of some of the parameters, the others being given."""

    apply: Callable
    rest: Params

    def __call__(self, part: Params, x: Array) -> Array:
        return self.apply(eqx.combine(part, self.rest), x)
