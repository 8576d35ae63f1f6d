"""What the statements of Gao et al. (2022) promise, in terms of monitors."""

from __future__ import annotations

from surefit.core.prediction import Guarantee, Promise
from surefit.theory.clock import geometric_curve
from surefit.theory.implicit.gao_radii import Movement
from surefit.theory.setting import Setting

__all__ = ["decay", "exponent", "features_stay", "movement_promises", "weights_stay"]


def decay(setting: Setting, speed: float, dynamics: str, source: str) -> tuple[Promise, ...]:
    r"""$\|r(t)\|^2 \le e^{-at}\|r_0\|^2$, or its form for descent; none if the step is too large.

    Args:
        setting: the run.
        speed: $a$, for half the squared loss.
        dynamics: what the statement is about.
        source: its locator.
    """
    curve = geometric_curve(setting, speed, dynamics)
    return () if curve is None else (Promise("squared_residual", curve, source=source),)


def features_stay(least: float, source: str) -> tuple[Promise, ...]:
    r"""$\lambda_{\min}(G) \ge \lambda_0/2$, hence the same for the tangent kernel $H \succeq G$."""
    bound = least / 2.0
    return (
        Promise("feature_gram_smallest", bound, Guarantee.LOWER, source=source),
        Promise("gram_smallest", bound, Guarantee.LOWER, source=f"{source}, H >= G"),
    )


def weights_stay(gamma: float, c: float, source: str) -> tuple[Promise, ...]:
    r"""$\tilde\gamma\|A\| \le 2\gamma c \le \frac12$: the equilibria stay contractions."""
    return (Promise("scaled_operator_norm", 2.0 * gamma * c, source=source),)


def movement_promises(movement: Movement, source: str) -> tuple[Promise, ...]:
    """All parameters together, and the largest of the four bounds for each of them."""
    return (
        Promise("distance", movement.total, source=f"{source}, all weights together"),
        Promise("distance_per_layer", movement.largest, source=f"{source}, largest of the four"),
    )


def exponent(setting: Setting, speed: float) -> float | None:
    r"""The decay exponent of $\|r\|^2$ per unit of time of the flow on the problem's loss."""
    return None if setting.loss_scale is None else 2.0 * setting.loss_scale * speed
