"""Function spaces of networks: at infinite width, and linearised at given weights."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np

from surefit.core.layer import Layer, Params
from surefit.core.memory import require_bytes
from surefit.core.precision import as_float64, float64
from surefit.errors import InvalidInputError
from surefit.function_space.space import FunctionSpace
from surefit.problem import Problem
from surefit.tangent import jacobian, limit_kernel

__all__ = ["at_infinite_width", "linearised_at"]

# Kernels of all points, their blocks, the decompositions with their work space, and the error
# bounds of both: in matrices as large as that of all points.
_MATRICES = 24


@float64
def at_infinite_width(
    network: Layer, x: Any, y: Any, x_test: Any | None = None, *, ridge: float = 0.0
) -> FunctionSpace:
    """The training of a network of infinite width, as a function.

    Args:
        network: any composition of layers whose limit is known.
        x: inputs, one example per row.
        y: targets, (n, k) or (n,).
        x_test: further inputs; None: none.
        ridge: weight decay towards the start; see `FunctionSpace`.

    Returns:
        A `FunctionSpace` with both kernels, of all points.

    Raises:
        InvalidInputError: the limit is not known, or shapes do not match.
        MemoryLimitError: the matrices would not fit into memory.

    Cost: one `limit_kernel` of all points.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(512), sf.Relu(), sf.Dense(1))
        >>> x, y = np.eye(3), np.array([1.0, -1.0, 1.0])
        >>> space = sf.function_space.at_infinite_width(network, x, y, -x)
        >>> space.limit().test.shape
        (3, 1)
    """
    x = np.asarray(x, np.float64)
    points = x if x_test is None else _together(x, np.asarray(x_test, np.float64))
    n, total = len(x), len(points)
    require_bytes(
        8 * _MATRICES * total**2,
        f"`at_infinite_width`: the kernels of {total} points with their decompositions",
        "Use fewer points; the mean prediction alone needs no kernel between test points, so that "
        "`FunctionSpace` can be given blocks of test points.",
    )
    kernel = limit_kernel(network, jnp.asarray(points))
    ntk, nngp = np.asarray(kernel.ntk), np.asarray(kernel.nngp)
    if x_test is None:
        return FunctionSpace(ntk, y, nngp_train=nngp, ridge=ridge)
    return FunctionSpace(
        ntk[:n, :n],
        y,
        ntk[n:, :n],
        ntk[n:, n:],
        nngp_train=nngp[:n, :n],
        nngp_test_train=nngp[n:, :n],
        nngp_test=nngp[n:, n:],
        ridge=ridge,
    )


@float64
def linearised_at(
    problem: Problem, params: Params, x_test: Any | None = None, *, ridge: float = 0.0
) -> FunctionSpace:
    """The training of a network's linearisation at given weights, as a function.

    The outputs of an example share weights, so that the kernel couples them: every row is one
    output of one example (`i * k + r` for output r of example i), and there is one column.

    Args:
        problem: network and data; its loss is taken as half the sum of squares.
        params: the weights.
        x_test: further inputs; None: none.
        ridge: weight decay towards `params`.

    Returns:
        A `FunctionSpace` of n k rows that starts at the outputs of the network.

    Raises:
        MemoryLimitError: the matrices would not fit into memory.

    Cost: the Jacobians of all points with test points, a Gram matrix without.
    """
    params = as_float64(params)
    y = np.asarray(problem.y).reshape(-1)
    f0 = np.asarray(problem.predict(params)).reshape(-1)
    if x_test is None:
        return FunctionSpace(np.asarray(problem.gram(params)), y, f0=f0, ridge=ridge)
    x_test = jnp.asarray(x_test, jnp.float64)
    rows = len(x_test) * problem.outputs
    parameters = problem.parameters(params)
    require_bytes(
        8 * 2 * parameters * (rows + problem.residuals),
        f"`linearised_at`: the Jacobians of {rows + problem.residuals} outputs by {parameters} "
        "parameters",
        "Use fewer points or a smaller network; without test points no Jacobian is formed.",
    )
    points = jnp.concatenate([jnp.asarray(problem.x), x_test])
    rows = np.asarray(jacobian(problem.network, params, points))
    rows = rows.reshape(len(points) * problem.outputs, -1)
    kernel, n = rows @ rows.T, problem.residuals
    return FunctionSpace(
        kernel[:n, :n],
        y,
        kernel[n:, :n],
        kernel[n:, n:],
        f0=f0,
        f0_test=np.asarray(problem.predict(params, x_test)).reshape(-1),
        ridge=ridge,
    )


def _together(x: np.ndarray, x_test: np.ndarray) -> np.ndarray:
    if x.shape[1:] != x_test.shape[1:] or not len(x_test):
        raise InvalidInputError(
            "`at_infinite_width(x=..., x_test=...)` must hold examples of one shape. Got shapes "
            f"{x.shape} and {x_test.shape}. One network takes both. Give the test inputs the same "
            "preparation as the training inputs."
        )
    return np.concatenate([x, x_test])
