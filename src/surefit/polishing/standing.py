"""How far the certificate is at the current weights, while polishing."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from jaxtyping import Float

from surefit.certificates import Point
from surefit.certificates.kantorovich_majorant import KantorovichMajorant
from surefit.core.layer import Params
from surefit.core.rounding import UNIT_ROUNDOFF, gamma
from surefit.core.spectrum import Enclosure
from surefit.curvature import CurvatureProfile, curvature_profile, linear_in_parameters
from surefit.polishing.systems import DenseSystem
from surefit.problem import Problem

__all__ = ["Standing", "standing"]

# Up to here all eigenvalues are computed; beyond, the smallest one by inverse iteration.
_ALL_EIGENVALUES = 2500
_INVERSE_STEPS = 15
_ROUNDINGS = 32
_CLEAR = 8  # lengths of the path, about |r| / sigma, that no kink may be within
_ROUNDED = 1e-9  # a distance to a kink that no bound of rounding hides


@dataclasses.dataclass(frozen=True)
class Standing:
    r"""The certificate's main numbers at some weights, as estimated while polishing.

    Args:
        sigma: $\sigma_{\min}(J)$; 0 where it is not positive within rounding.
        condition: C: a certificate holds below 1. NaN where no curvature is known.
        lipschitz: $\Lambda$ at the weights.
        profile: of the curvature; None: none is known.
    """

    sigma: float
    condition: float
    lipschitz: float
    profile: CurvatureProfile | None

    def clearance(self, residual: float) -> float:
        """How far kinks are away, in units of what clears the path and rounding: 1 is enough.

        Args:
            residual: norm at these weights.
        """
        if self.profile is None:
            return math.inf
        needed = _CLEAR * residual / self.sigma if self.sigma > 0 else math.inf
        return self.profile.limit / max(needed, _ROUNDED)


def standing(problem: Problem, params: Params, residual: float, system: DenseSystem) -> Standing:
    r"""C at `params`, from the Gram matrix that the next step needs anyway.

    Cost: the eigenvalues of K (for large N one Cholesky factorisation), and a curvature bound.
    """
    smallest, largest = _extremes(system)
    terms = problem.parameters(params) + _ROUNDINGS
    rounding = gamma(terms) * system.scale * problem.residuals
    rounding += problem.residuals * UNIT_ROUNDOFF * largest
    profile = curvature_profile(problem, params)
    point = Point(
        problem=problem,
        params=params,
        residual=residual,
        smallest=Enclosure.around(smallest, rounding),
        largest=Enclosure.around(largest, rounding),
        bottom=None,
        curvature=profile,
        affine=linear_in_parameters(problem, params),
        factor=2.0 * (problem.loss.residual_scale(problem.samples) or 0.5),
    )
    sigma = math.sqrt(max(point.smallest.lower, 0.0))
    lipschitz = point.lipschitz(0.0)
    if sigma == 0.0 or not math.isfinite(lipschitz):
        condition = math.nan if profile is None else math.inf
        return Standing(sigma, condition, lipschitz, profile)
    found = KantorovichMajorant().assess(point, None, "descent")
    return Standing(sigma, found.quantities["condition"], lipschitz, profile)


def _extremes(system: DenseSystem) -> tuple[float, float]:
    gram = system.gram
    if len(gram) <= _ALL_EIGENVALUES:
        values = np.linalg.eigvalsh(gram)
        return float(values[0]), float(values[-1])
    v = np.random.default_rng(0).standard_normal(len(gram))
    v, largest = v / np.linalg.norm(v), 0.0
    start = v
    for _ in range(_INVERSE_STEPS):
        image = gram @ v
        largest = float(np.linalg.norm(image))
        v = image / largest
    return _smallest(system, start, largest), largest * 1.05


def _smallest(system: DenseSystem, v: Float[np.ndarray, " nk"], largest: float) -> float:
    # The factor is made once: the damping of the first solve stays the same.
    shift = 4 * len(v) * UNIT_ROUNDOFF * largest
    factor = system.factor(shift)
    if factor is None:
        return 0.0
    inverse = 1.0
    for _ in range(_INVERSE_STEPS):
        image = factor(v)
        inverse = float(np.linalg.norm(image))
        v = image / inverse
    return 1.0 / inverse - shift
