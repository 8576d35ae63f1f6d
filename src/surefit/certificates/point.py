"""The problem at the saved weights: everything that the certifiers' hypotheses are about."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from surefit.certificates.extremes import gram_extremes
from surefit.core.layer import Params
from surefit.core.precision import as_float64, float64
from surefit.core.rounding import gamma, up
from surefit.core.spectrum.enclosure import Enclosure
from surefit.core.tree import leaf_names
from surefit.curvature import CurvatureBound, curvature_profile, linear_in_parameters
from surefit.errors import InvalidInputError
from surefit.problem import Problem, require_problem

__all__ = ["Point"]

# Roundings per entry of the Gram matrix besides those of the sums: the activation, its
# derivatives and the scales, each a few units in the last place.
_EXTRA_ROUNDINGS = 32


@dataclasses.dataclass(frozen=True)
class Point:
    r"""Residual, extreme singular values of the Jacobian and curvature at the saved weights.

    Args:
        problem: network, loss and data.
        params: the saved weights, in float64.
        residual: $\lVert r\rVert = \lVert f(\theta) - y\rVert_2$.
        smallest: $\lambda_{\min}(JJ^\top)$, with an enclosure.
        largest: $\lambda_{\max}(JJ^\top)$, with an enclosure.
        bottom: unit eigenvector of the smallest eigenvalue; None where it was not computed.
        curvature: upper bound of the Lipschitz constant of J by radius; None: none is known.
        affine: whether the network is affine in its trained parameters.
        factor: $2c$ for the loss $c\lVert r\rVert^2$. Descent on it with step $\eta$ is descent on
            $\tfrac12\lVert r\rVert^2$ with step $2c\eta$.
        single: whether some weights were given in single precision.
    """

    problem: Problem
    params: Params
    residual: float
    smallest: Enclosure
    largest: Enclosure
    bottom: Float[np.ndarray, " nk"] | None
    curvature: Callable[[float], CurvatureBound] | None
    affine: bool
    factor: float
    single: bool = False

    @property
    def sigma(self) -> Enclosure:
        r"""$\sigma_{\min}(J)$ as a map onto the outputs (0 where p < N)."""
        return dataclasses.replace(self.smallest, upper=max(self.smallest.upper, 0.0)).sqrt()

    @property
    def beta(self) -> float:
        r"""An upper bound of $\lVert J\rVert_2$."""
        return float(up(math.sqrt(self.largest.upper)))

    @property
    def parameters(self) -> int:
        """p."""
        return self.problem.parameters(self.params)

    @property
    def loss(self) -> float:
        r"""$c\lVert r\rVert^2$."""
        return 0.5 * self.factor * self.residual**2

    def lipschitz(self, radius: float) -> float:
        r"""$\Lambda$ on the ball of that radius; NaN where no bound is known."""
        return math.nan if self.curvature is None else self.curvature(radius).value

    @property
    def reach(self) -> float:
        r"""The largest radius for which $\Lambda$ is known (`CurvatureProfile.limit`)."""
        return getattr(self.curvature, "limit", math.inf)

    def witness(self) -> dict[str, np.ndarray]:
        """The arrays that everything was computed from: x, y and the weights by name."""
        leaves = jax.tree.leaves(self.params)
        names = [f"params/{name}" for name in leaf_names(self.params)]
        arrays = {"x": self.problem.x, "y": self.problem.y, **dict(zip(names, leaves, strict=True))}
        return {name: np.asarray(array) for name, array in arrays.items()}

    @classmethod
    @float64
    def at(cls, problem: Problem, params: Params, quick: bool = False) -> Point:
        r"""Evaluate the problem at `params`.

        The rounding of the Gram product is bounded by $\gamma_{p+32}\operatorname{tr}K$ (see
        `surefit.core.rounding.gram_frobenius_error`) and added to the enclosures.

        Args:
            problem: network, squared loss and data.
            params: parameters as `problem.init` makes them.
            quick: as in `gram_extremes`.

        Raises:
            InvalidInputError: the loss is no squared loss, or the parameters do not fit the
                network or are not finite.

        Cost:
            One Gram matrix, and its extreme eigenvalues (`gram_extremes`).
        """
        require_problem("certify", problem)
        scale = problem.loss.residual_scale(problem.samples)
        if scale is None:
            raise InvalidInputError(
                "`certify(problem=...)` must be given a problem with a squared loss. Got "
                f"{type(problem.loss).__name__}. These certificates are about c ||f - y||^2, whose "
                "gradient is 2c J^T (f - y); other losses have no finite minimiser or another "
                "geometry. Use `HalfSquared`, `SumSquared`, `HalfMeanSquared` or `MeanSquared`."
            )
        single = any(getattr(leaf, "dtype", None) == np.float32 for leaf in jax.tree.leaves(params))
        params = as_float64(params)
        _require_fit(problem, params)
        gram = np.asarray(problem.gram(params))
        terms = problem.parameters(params) + _EXTRA_ROUNDINGS
        rounding = float(up(gamma(terms) * float(np.trace(gram)) * (1 + 1e-9)))
        smallest, largest, bottom = gram_extremes(gram, rounding, quick)
        return cls(
            problem=problem,
            params=params,
            residual=float(np.linalg.norm(np.asarray(problem.residual(params)))),
            smallest=smallest,
            largest=largest,
            bottom=bottom,
            curvature=curvature_profile(problem, params),
            affine=linear_in_parameters(problem, params),
            factor=2.0 * scale,
            single=single,
        )


def _require_fit(problem: Problem, params: Any) -> None:
    expected = jax.eval_shape(lambda: problem.network.init(jax.random.key(0), problem.x.shape[1:]))
    wanted = dict(zip(leaf_names(expected), jax.tree.leaves(expected), strict=True))
    given = dict(zip(leaf_names(params), jax.tree.leaves(params), strict=True))
    if {name: leaf.shape for name, leaf in wanted.items()} != {
        name: np.shape(leaf) for name, leaf in given.items()
    }:
        raise InvalidInputError(
            "`certify(params=...)` must have the leaves that `problem.init` makes: "
            f"{ {name: leaf.shape for name, leaf in wanted.items()} }. Got "
            f"{ {name: np.shape(leaf) for name, leaf in given.items()} }. The weights belong to "
            "another network. Pass the network that they were trained with."
        )
    bad = [name for name, leaf in given.items() if not np.isfinite(np.asarray(leaf)).all()]
    if bad:
        raise InvalidInputError(
            f"`certify(params=...)` must be finite. Got NaN or infinity in {', '.join(bad)}. "
            "Training has diverged. Train again with a smaller step size."
        )
