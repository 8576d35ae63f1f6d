"""Gradient flow near an interpolating network, after Bartlett, Montanari and Rakhlin."""

from __future__ import annotations

import math

from surefit.certificates.certifier import BARE, Assessment, Certifier, Dynamics
from surefit.certificates.point import Point
from surefit.certificates.wording import number
from surefit.core.check import Check, Sense

__all__ = ["BartlettMontanariRakhlin"]


class BartlettMontanariRakhlin(Certifier):
    r"""Bartlett, Montanari and Rakhlin (2021): flow converges if $4\Lambda\lVert r\rVert<\sigma^2$.

    Setting: gradient flow on $\tfrac1{2n}\lVert f(\theta)-y\rVert^2$ (other multiples are
    converted).

    Assumptions: $\sigma = \sigma_{\min}(J) > 0$ at the saved weights; $J$ is $\Lambda$-Lipschitz on
    the ball of radius $2\lVert r\rVert/\sigma$; $4\Lambda\lVert r\rVert < \sigma^2$.

    Guarantee (upper): $\ell(t) \le e^{-\lambda t}\ell(0)$ with $\lambda = \sigma^2/(2n)$ (for the
    loss $c\lVert r\rVert^2$: $c\sigma^2$), and the path is no longer than
    $2\lVert r\rVert/\sigma$.

    Constants: explicit; re-derived in docs/certificates/published.md.

    Deviations from the paper: the Lipschitz constant is taken on the ball that the proof visits,
    and the distance bound is shown for the path length.

    References:
        P. L. Bartlett, A. Montanari, A. Rakhlin, Deep learning: a statistical viewpoint, Acta
        Numerica 30 (2021), Theorem 5.1.
    """

    theorem = "Bartlett, Montanari, Rakhlin (2021), Theorem 5.1"
    dynamics = ("flow",)

    def assess(self, point: Point, step_size: float | None, dynamics: Dynamics) -> Assessment:
        """The residual is small against the smallest singular value."""
        sigma = point.sigma.lower
        radius = 2.0 * point.residual / sigma
        lipschitz = point.lipschitz(radius)
        exponent = 0.25 * point.factor * sigma**2  # of the residual norm; the loss decays twice
        check = Check(
            "4 Lambda ||r||",
            4.0 * lipschitz * point.residual,
            point.smallest.value,
            Sense.LESS,
            error=point.smallest.error,
            note=f"sigma^2; Lambda = {number(lipschitz)} on the ball of radius {number(radius)}",
        )
        quantities = {
            "lipschitz": lipschitz,
            "condition": 4.0 * lipschitz * point.residual / point.smallest.lower,
            "fire_residual": point.smallest.lower / (4.0 * lipschitz) if lipschitz else math.inf,
        }
        if not check.holds:
            return Assessment((check,), BARE.format("flow"), quantities)
        claim = (
            f"gradient flow from the saved weights converges to weights with zero training loss: "
            f"the loss, now {number(point.loss)}, falls at least as fast as "
            f"exp(-{number(2 * exponent)} t), t the time of flow on this loss, and the whole path "
            f"is no longer than {number(radius)}"
        )
        quantities |= {"radius": radius, "exponent": exponent}
        return Assessment((check,), claim, quantities)
