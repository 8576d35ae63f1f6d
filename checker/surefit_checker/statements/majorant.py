"""Kantorovich's majorant, Theorem 1 of the documentation: what descent and flow share."""

from __future__ import annotations

import dataclasses

from flint import arb

from surefit_checker.ball import float_down, float_up
from surefit_checker.verdict import RefusedError, Step, UndecidedError


class Chain:
    """The inequalities of a proof, in order, and the numbers found on the way.

    Args:
        near: a bound missed by less than this part may hold in a higher precision.
    """

    def __init__(self, near: float) -> None:
        self.near = near
        self.steps: list[Step] = []
        self.numbers: dict[str, float] = {}

    def at_most(self, name: str, value: arb, bound: arb, *, strict: bool = False) -> None:
        """Verify value <= bound, or value < bound.

        Raises:
            RefusedError: it fails.
            UndecidedError: it fails by so little that rounding may be the reason.
        """
        relation = "<" if strict else "<="
        self.steps.append(Step(name, float_up(value), relation, float_down(bound)))
        if value < bound if strict else value <= bound:
            return
        size = max(float_up(abs(value)), float_up(abs(bound)), 1e-300)
        by = float_down(value - bound)  # by so much it is known to fail
        if not by > self.near * size:
            raise UndecidedError(f"{name}: too close to decide in this precision, more bits may")
        factor = float_up(value) / float_down(bound) if float_down(bound) > 0 else float("inf")
        raise RefusedError(
            f"{name}: {float_up(value):.6g} {relation} {float_down(bound):.6g} "
            f"fails by a factor of {factor:.6g}"
        )


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known about the network at the saved weights, as exact numbers.

    Args:
        residual: at least the norm of the residual.
        sigma: at most the least singular value of the Jacobian.
        beta: at least its operator norm.
        lipschitz: at least its Lipschitz constant within rho.
        rho: the radius.
        start_radius: of the starts.
    """

    residual: arb
    sigma: arb
    beta: arb
    lipschitz: arb
    rho: arb
    start_radius: arb

    def at_start(self) -> tuple[arb, arb, arb]:
        """Residual, sigma and radius that serve for every start."""
        e, lam = self.start_radius, self.lipschitz
        r = (self.residual + self.beta * e + lam * e * e / 2).upper()
        return r, (self.sigma - lam * e).lower(), (self.rho - e).lower()


def majorise(facts: Facts, c: arb, chain: Chain) -> tuple[arb, arb]:
    r"""The length of the path and the rate $\mu$, for a loss of $c$ against flow."""
    r, sigma, rho = facts.at_start()
    lam = facts.lipschitz
    slope = (c * sigma).lower()
    chain.at_most(
        "residual + lipschitz * rho^2 / 2 <= sigma * rho, at every start",
        r + lam * rho * rho / 2,
        slope * rho,
    )
    chain.at_most("lipschitz * rho < sigma, at every start", lam * rho, slope, strict=True)
    # Given both, the first zero s of r - slope s + lam s^2 / 2 lies within rho.
    root = (slope * slope - 2 * lam * r).lower()
    path = 2 * r / (slope + (root if root > 0 else arb(0)).sqrt())
    path = (path if path < rho else rho).upper()
    rate = (slope - lam * path) * (sigma - lam * path)
    return path, rate.lower()
