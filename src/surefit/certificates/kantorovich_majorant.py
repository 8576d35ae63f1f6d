"""The sharp certificate: descent is majorised by a scalar Newton iteration."""

from __future__ import annotations

import dataclasses
import math

from surefit.certificates.certifier import BARE, Assessment, Certifier, Dynamics
from surefit.certificates.majorant import Majorant, Root, knots
from surefit.certificates.point import Point
from surefit.certificates.wording import count, number, rate, steps_per_decade
from surefit.core.check import Check, Sense

__all__ = ["KantorovichMajorant"]


class KantorovichMajorant(Certifier):
    r"""Kantorovich's majorant for gradient descent and flow: $2\Lambda\lVert r\rVert < \sigma^2$.

    Setting: $\tfrac12\lVert f(\theta)-y\rVert^2$ (other multiples are converted);
    $\sigma = \sigma_{\min}(J)$ at the saved weights; $L(s)$ bounds the Lipschitz constant of $J$ on
    the ball of radius $s$.

    Assumptions: $g(s) = \lVert r\rVert - \sigma s + \int_0^s(s-u)L(u)du$ has a zero, its first one
    $s^*$; for constant $L = \Lambda$ that is $2\Lambda\lVert r\rVert \le \sigma^2$ and
    $s^* = 2\lVert r\rVert/(\sigma + \sqrt{\sigma^2-2\Lambda\lVert r\rVert})$. Descent:
    $\eta \le 1/(\beta+B)^2$ with $\beta = \lVert J\rVert$, $B = \int_0^{s^*}L$; up to twice that
    with $\sigma$ replaced by $c\sigma$, $c^2 = b(2-b-\eta\sigma^2)/(1-b\eta\sigma^2)$,
    $b = \eta(\beta+B)^2$.

    Guarantee (upper): the whole path is no longer than $s^*$ (tight); the limit has zero loss;
    $\lVert r_k\rVert \le (1-\eta\mu)^k\lVert r_0\rVert$, $\mu = (\sigma-B)^2$, for flow
    $e^{-\mu t}$. The constant 2 cannot be improved.

    Constants: explicit.

    References:
        Derived for this project; proof in docs/certificates/descent.md. The majorant is that of
        L. V. Kantorovich, Functional analysis and applied mathematics, Uspekhi Mat. Nauk 3 (1948),
        for Newton's method; see J. M. Ortega and W. C. Rheinboldt, Iterative solution of nonlinear
        equations in several variables (1970), section 12.6.
    """

    theorem = (
        "Kantorovich's majorant for gradient descent (docs/certificates/descent.md, Theorem 1 and "
        "Corollaries 1 and 2)"
    )
    dynamics = ("descent", "flow")

    def assess(self, point: Point, step_size: float | None, dynamics: Dynamics) -> Assessment:
        """The majorant has a zero, and the step is small enough."""
        steps = knots(point.lipschitz, point.sigma.lower, point.affine, reach=point.reach)
        majorant = Majorant(point.sigma.lower, steps)
        fire = Majorant(point.sigma.value, steps).fire_residual()
        sure = majorant.fire_residual()
        quantities = {
            "fire_residual": sure,
            "condition": point.residual / sure,
            # Where kinks end the ball early, that end and not the curvature limits the residual.
            "lipschitz": min(0.5 * point.sigma.lower**2 / sure, steps[-1][1]),
        }
        checks = [
            Check(
                "||r||",
                point.residual,
                fire,
                Sense.LESS,
                error=0.0 if math.isinf(fire) else fire - sure,
                note="sigma^2 / (2 Lambda): the majorant of the residual reaches zero",
            )
        ]
        root = majorant.root(point.residual)
        if root is None:
            return Assessment(tuple(checks), BARE.format(dynamics), quantities)
        if dynamics == "flow":
            return _flow(point, root, checks, quantities)
        return _descent(point, majorant, root, step_size, checks, quantities)


@dataclasses.dataclass(frozen=True)
class _Plan:
    """What descent on half the square with one step size does."""

    step: float
    root: Root
    rate: float


def _plan(point: Point, majorant: Majorant, root: Root, step: float) -> _Plan | None:
    """The guarantee for one step size; None where the theorem gives none (Corollary 2)."""
    sigma, bend = majorant.sigma, root.bend
    for _ in range(50):
        b = step * (point.beta + bend) ** 2
        if b <= 1.0:
            return _Plan(step, root, 1.0 - step * root.slope**2)
        alpha = step * sigma**2
        if b >= 2.0 - alpha or b * alpha >= 1.0:
            return None
        shrunk = math.sqrt(b * (2.0 - b - alpha) / (1.0 - b * alpha)) * sigma
        own = dataclasses.replace(majorant, sigma=shrunk).root(point.residual)
        if own is None or shrunk * math.sqrt(b * step) > 1.0:
            return None
        if own.bend <= bend:
            return _Plan(step, own, 1.0 - step * own.slope * (sigma - own.bend))
        bend = own.bend * (1.0 + 1e-4)
    return None


def _largest_step(point: Point, majorant: Majorant, root: Root) -> float:
    """By bisection: the guarantee is lost for good somewhere below 2 / ||J||^2."""
    good, bad = 1.0 / (point.beta + root.bend) ** 2, 2.0 / point.largest.lower
    if _plan(point, majorant, root, good) is None:  # rounding of the quotient
        good *= 1.0 - 1e-12
    for _ in range(20):
        middle = 0.5 * (good + bad)
        if _plan(point, majorant, root, middle) is None:
            bad = middle
        else:
            good = middle
    return good


def _descent(
    point: Point,
    majorant: Majorant,
    root: Root,
    step_size: float | None,
    checks: list[Check],
    quantities: dict[str, float],
) -> Assessment:
    largest = _largest_step(point, majorant, root) / point.factor
    safe = min((1.0 - 1e-12) / (point.beta + root.bend) ** 2 / point.factor, largest)
    step = safe if step_size is None else step_size
    plan = _plan(point, majorant, root, step * point.factor)
    if plan is None:  # never to be passed without numbers
        largest = safe if step <= largest else largest
    check = Check(
        "step size",
        step,
        largest,
        note=f"up to {number(safe)} = 1 / sup ||J||^2 it costs nothing, beyond it the bounds widen",
    )
    quantities = {**quantities, "step_size": step, "largest_step": largest}
    if plan is None:
        return Assessment((*checks, check), BARE.format("descent"), quantities)
    per_decade = steps_per_decade(plan.rate)
    quantities |= {
        "radius": plan.root.radius,
        "rate": plan.rate,
        "steps_per_decade": per_decade,
    }
    claim = (
        f"gradient descent with step size {number(step)} from the saved weights converges to "
        f"weights with zero training loss: the residual norm, now {number(point.residual)}, "
        f"shrinks by a factor of at most {rate(plan.rate)} in every step (ten times smaller within "
        f"{count(per_decade)} steps), and the whole path is no longer than "
        f"{number(plan.root.radius)}"
    )
    return Assessment((*checks, check), claim, quantities)


def _flow(
    point: Point, root: Root, checks: list[Check], quantities: dict[str, float]
) -> Assessment:
    exponent = point.factor * root.slope**2
    claim = (
        f"gradient flow from the saved weights converges to weights with zero training loss: the "
        f"residual norm, now {number(point.residual)}, falls at least as fast as "
        f"exp(-{number(exponent)} t), t the time of flow on this loss, and the whole path is no "
        f"longer than {number(root.radius)}"
    )
    return Assessment(
        tuple(checks), claim, {**quantities, "radius": root.radius, "exponent": exponent}
    )
