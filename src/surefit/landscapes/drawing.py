"""Drawing a landscape: directions, extents, grid."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from surefit.core.layer import Params
from surefit.core.own_params import require_params
from surefit.core.precision import as_float64, float64
from surefit.core.spectrum import Extremes, lanczos_extremes
from surefit.errors import NumericalError
from surefit.landscapes.arguments import check_arguments, require_two
from surefit.landscapes.extent import lowest_points
from surefit.landscapes.objective import Objective
from surefit.landscapes.progress import Teller
from surefit.landscapes.result import Landscape
from surefit.landscapes.smoothing import require_smoothable
from surefit.problem import Problem, require_problem

__all__ = ["landscape"]

# Axes closer to each other than this span no plane in float64.
_PARALLEL = 1e-6


@float64
def landscape(
    problem: Problem,
    params: Params,
    *,
    smoothing: float = 0.1,
    points: int = 25,
    radius: float | None = None,
    products: int = 100,
    tolerance: float = 1e-2,
    seed: int = 0,
    progress: Callable[[int, int], Any] | None = None,
) -> Landscape:
    r"""The objective over the plane of the gradient and of the most negative curvature.

    The first axis is $g = \nabla F/\|\nabla F\|$, the second the eigenvector $v$ of the smallest
    eigenvalue of the Hessian, without its part along $g$, so that what $F$ loses there is the merit
    of curvature and not of the slope. (The paper found $v$ by Oja's method; here it is the Lanczos
    method, with a residual. Both axes span the paper's plane.)

    The Hessian is that of a *smoothed* objective: every rectifier becomes its mean under Gaussian
    noise on its input, $E\max(z + s\xi, 0) = z\Phi(z/s) + s\varphi(z/s)$, where $s$ is `smoothing`
    times the root mean square of that rectifier's inputs on the data at `params`. With one trained
    layer whose units are added up this is the mean of the outputs over Gaussian noise on the
    weights. The pointwise Hessian of a ReLU network knows nothing of its kinks. Networks without
    kinks stay as they are. The surface itself is the objective without smoothing.

    Args:
        problem: network, loss and data.
        params: the point $\theta$.
        smoothing: the width of the rounding, relative; 0: the pointwise Hessian.
        points: grid points per axis, an odd number, so that one is $\theta$.
        radius: half the length of both axes. None: each reaches twice as far as the lowest point
            that was found along it.
        products: at most so many products with the Hessian.
        tolerance: of the eigenvalue, relative; see `lanczos_extremes`.
        seed: of the start vector of the Lanczos method.
        progress: called with the number of products and grid points done, and of those planned.

    Returns:
        Axes, eigenvalue with its residual, grid, and how far $F$ falls along each axis.

    Raises:
        InvalidInputError: an argument out of range, fewer than two trained parameters, a point
            without gradient, or kinks that cannot be smoothed.
        NumericalError: a product is not finite, or both directions are one.
        MemoryLimitError: the Krylov basis would not fit into memory.

    Cost:
        `products` + 3 Hessian products, each about four gradients, `points`^2 + 120 forward passes,
        and $8p$ bytes per product for $p$ trained parameters.

    References:
        Allen-Zhu, Li, Song (2019), A convergence theory for deep learning via
        over-parameterization, Figure 1.

    Example:
        >>> import numpy as np
        >>> import surefit as sf
        >>> network = sf.Serial(sf.Dense(16), sf.Relu(), sf.Dense(1))
        >>> problem = sf.Problem(network, np.eye(3), np.array([1.0, -1.0, 1.0]))
        >>> found = sf.landscape(problem, problem.init(0), points=5)
        >>> bool(found.decrease_gradient > found.decrease_curvature)
        True
    """
    require_problem("landscape", problem)
    require_params("landscape", problem.network, params, problem.x.shape[1:])
    params = as_float64(params)
    check_arguments(smoothing, points, radius, products, tolerance)
    require_two(problem, params)
    if smoothing:
        require_smoothable(problem.network)
    plain = Objective(problem, *problem.split(params))
    rounded = plain.rounded(smoothing)
    here, gradient = plain.value_and_gradient()
    length = _require_slope(gradient)
    slope = gradient / length
    tell = Teller(progress, min(products, plain.size) + 2, points**2)
    found = lanczos_extremes(
        tell.listening(rounded.hessian()),
        seed=seed,
        tolerance=tolerance,
        max_iterations=products,
        ends="smallest",
    )
    tell.products_done()
    v = found.vectors[0] / np.linalg.norm(found.vectors[0])
    directions = np.stack([slope, _without(v, slope)])
    tried = lowest_points(plain, directions, here, length)
    half = (tried.x, tried.y) if radius is None else (radius, radius)
    x, y = (np.linspace(-h, h, points) for h in half)
    # The middle is the point itself, whatever rounding says.
    x[points // 2] = y[points // 2] = 0.0
    values = _grid(plain, directions, x, y, tell)
    middle = points // 2
    fall = here - values
    along = max(tried.gradient, float(np.nanmax(fall[middle, : middle + 1])))
    across = max(tried.curvature, float(np.nanmax(fall[:, middle])))
    return Landscape(
        objective=here,
        gradient_norm=length,
        directions=directions,
        eigenvector=v,
        **_spectral(found),
        overlap=float(slope @ v),
        pointwise_curvature=float(v @ plain.hessian()(v)),
        scales=tuple(map(float, rounded.scales)),
        x=x,
        y=y,
        values=values,
        decrease_gradient=along,
        decrease_curvature=across,
        decrease_plane=max(along, across, float(np.nanmax(fall))),
    )


def _spectral(found: Extremes) -> dict[str, Any]:
    return {
        "eigenvalue": found.smallest,
        "residual": found.residuals[0],
        "converged": found.converged,
        "products": found.steps,
    }


def _require_slope(gradient: Float[np.ndarray, " p"]) -> float:
    length = float(np.linalg.norm(gradient))
    if not math.isfinite(length) or length == 0.0:
        raise NumericalError(
            "`landscape(params=...)` must be a point with a finite gradient other than zero. Got "
            f"one of length {length:g}. The first axis is the direction of the gradient. Take a "
            "point before training has ended, or before it diverged."
        )
    return length


def _without(v: Float[np.ndarray, " p"], slope: Float[np.ndarray, " p"]) -> np.ndarray:
    """The direction of what is left of `v` without its part along `slope`."""
    rest = v - (slope @ v) * slope
    # Once more: the first subtraction leaves rounding along the slope.
    rest = rest - (slope @ rest) * slope
    length = float(np.linalg.norm(rest))
    if length < _PARALLEL:
        raise NumericalError(
            "`landscape(params=...)` must be a point where the gradient and the direction of the "
            f"most negative curvature span a plane. Got two of which one without the other has "
            f"length {length:.1e}. Both are the same direction here. Take another point."
        )
    return rest / length


def _grid(
    plain: Objective,
    directions: Float[np.ndarray, "2 p"],
    x: Float[np.ndarray, " a"],
    y: Float[np.ndarray, " b"],
    tell: Teller,
) -> Float[np.ndarray, "b a"]:
    rows = []
    for place in y:
        rows.append(plain.values(directions, np.stack([x, np.full_like(x, place)], axis=1)))
        tell.more(len(x))
    return np.stack(rows)
