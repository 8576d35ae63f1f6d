"""A problem and its linearisation at given parameters, to be trained side by side."""

from __future__ import annotations

from surefit.core.layer import Params
from surefit.core.own_params import require_params
from surefit.core.precision import as_float64
from surefit.layers import Linearised
from surefit.problem import Problem, require_problem

# The file is not named after its function: as a module it would shadow it in the package.
__all__ = ["linearised"]


def linearised(problem: Problem, params: Params) -> tuple[Problem, Params]:
    r"""The same data and loss with the network expanded to first order at `params`.

    The new network is $\tilde f(\theta) = f(\theta_0) + J(\theta_0)(\theta - \theta_0)$ with
    $\theta_0$ = `params`; its parameters start at $\theta_0$. Under the squared loss its residual
    obeys $r_{k+1} = (I - \eta K)r_k$ with the Gram matrix $K$ at $\theta_0$.

    Args:
        problem: network, loss and data.
        params: $\theta_0$.

    Returns:
        The linear problem and its parameters, ready for `surefit.train` with any method and
        monitors.

    Raises:
        InvalidInputError: the parameters are not those of the problem's network.

    Cost:
        A step costs about twice that of the network; the parameters are held twice.

    References:
        Chizat, Oyallon, Bach (2019), On lazy training, section 1.1; Lee et al. (2019), section 2.2.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> problem = sf.Problem(sf.models.shallow(64), np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> linear, start = sf.linearised(problem, problem.init(0))
        >>> _, run = sf.train(linear, start, steps=100)
        >>> bool(run["squared_residual"].last < 1e-3)
        True
    """
    require_problem("linearised", problem)
    require_params("linearised", problem.network, params, problem.x.shape[1:])
    params = as_float64(params)
    linear = Problem(Linearised(problem.network), problem.x, problem.y, problem.loss)
    return linear, {"network": params, "anchor": params}
