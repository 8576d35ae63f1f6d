r"""Near-isometry of any network from its own Jacobian, where a bound on its curvature is known."""

from __future__ import annotations

from surefit.core.spectrum import Enclosure
from surefit.theory.setting import Setting
from surefit.theory.shallow.framework import NearIsometry

__all__ = ["jacobian_isometry"]

_PRECISION = 0.02  # relative, of the radius


def jacobian_isometry(setting: Setting) -> NearIsometry | None:
    r"""$\mu = \sigma_{\min}(J)$, $\nu = \sigma_{\max}(J)$, and $\beta$ from the curvature.

    With the bound $\Lambda(\rho)$ on the Lipschitz constant of $J$ on the ball of radius $\rho$,
    which does not fall, any $\rho \ge \mu/(2\Lambda(\rho))$ makes $\beta = \Lambda(\rho)$ valid on
    the ball of Lemma 1. The smallest such $\rho$ is found by bisection, to 2 per cent.

    For $V\phi(WX)$ these are never worse than the constants of Lemma 3, which count the output
    layer alone for $\mu$ and bound both layers one by one for $\nu$.

    Args:
        setting: network, data and start.

    Returns:
        The constants; None where no bound on the curvature is known on a ball so large.

    Cost:
        The Gram matrix with its spectrum, and about eight bounds on the curvature.
    """
    mu = setting.sigma_min
    centre = setting.lipschitz(0.0)
    if centre is None:
        return None
    beta, source = centre.value, centre.source
    if beta > 0.0:
        # The curvature does not fall with the radius, so this one is large enough.
        low, high = 0.0, mu.lower / (2.0 * beta)
        widest = setting.lipschitz(high)
        if widest is None:  # a sign may change before the ball is as large as the argument needs
            return None
        beta = widest.value
        while high - low > _PRECISION * high:
            middle = (low + high) / 2.0
            curvature = setting.lipschitz(middle).value
            if middle >= mu.lower / (2.0 * curvature):
                high, beta = middle, curvature
            else:
                low = middle
    return NearIsometry(
        mu=mu,
        nu=setting.sigma_max,
        beta=Enclosure(beta, beta, beta),
        source=f"Jacobian at the start; {source}",
    )
