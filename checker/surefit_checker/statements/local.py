"""Flow and descent near the saved weights (Theorem 1, docs/certificates/descent.md).

They rest on four facts: the residual, the least singular value and the norm of the Jacobian at the
saved weights, and its Lipschitz constant within rho.
"""

import dataclasses
from types import SimpleNamespace

import numpy as np
from flint import arb

from surefit_checker.ball import Ball, gamma, norm
from surefit_checker.curvature import curvature
from surefit_checker.network import Network
from surefit_checker.reading import Folder
from surefit_checker.spectrum import extreme_eigenvalues, operator_bounds
from surefit_checker.verdict import Chain, UndecidedError, above, below, demand


@dataclasses.dataclass(frozen=True)
class Problem:
    """What a statement is about.

    Args:
        statement: as written in the certificate.
        loss: likewise.
        network: at the saved weights.
        folder: from which the network was made.
    """

    statement: SimpleNamespace
    loss: SimpleNamespace
    network: Network
    folder: Folder

    @property
    def step(self) -> arb:
        """The step on half the square."""
        return 2 * arb(self.loss.scale) * arb(self.statement.step_size)


@dataclasses.dataclass(frozen=True)
class Facts:
    """What is known on the ball, for every start within the radius that is allowed.

    Args:
        residual: at least the norm of the residual at a start.
        sigma: at most the least singular value of the Jacobian at a start.
        beta: at least the norm of the Jacobian on the ball.
        lipschitz: at least its Lipschitz constant on the ball.
        rho: how far from a start the ball reaches.
    """

    residual: arb
    sigma: arb
    beta: arb
    lipschitz: arb
    rho: arb


def known_facts(problem: Problem, chain: Chain, start: float = 0.0) -> Facts:
    """The facts; the numbers left in the chain are those at the saved weights."""
    rho, network = problem.statement.rho, problem.network
    demand(0 <= start < rho, "`rho` must be larger than `start_radius`, which must not be negative")
    demand(problem.loss.kind == "squared", "this statement is about squared losses")
    kernel, residual = network.kernel(), float(norm(network.residual.mag()))
    low, high = extreme_eigenvalues(kernel)
    r, beta = chain.found(residual_norm=residual, jacobian_norm=arb(max(high, 0.0)).sqrt())
    if not low > 0:
        raise UndecidedError(f"the bound {low:.3g} of the kernel's eigenvalues is not positive")
    chain.near = max(chain.near, _uncertain(network, residual, low, high))
    sigma, lam = chain.found(sigma_min=arb(low).sqrt(), lipschitz=curvature(network, rho))
    e = arb(start)
    chain.at_most("lipschitz * start_radius < sigma", lam * e, sigma, strict=True)
    r = (r + beta * e + lam * e * e / 2).upper()
    beta = (beta + lam * arb(rho)).upper()
    return Facts(r, (sigma - lam * e).lower(), beta, lam, (arb(rho) - e).lower())


def _uncertain(network: Network, residual: float, low: float, high: float) -> float:
    """About the part of the bounds of residual and eigenvalue that may be rounding alone."""
    if network.make is not Ball:
        return 0.0
    r, n = network.residual, network.gram.shape[0]
    least = float(norm(np.maximum(np.abs(r.mid) - r.rad, 0.0)))
    rounded = n * gamma(8 * n + 64) * high + float(operator_bounds(Ball(network.gram.rad)))
    return 1.0 - min(least / residual, 1.0) + 2.0 * rounded / low


def flow(problem: Problem, chain: Chain) -> str:
    """Gradient flow from every start near the saved weights converges to zero loss."""
    facts = known_facts(problem, chain, problem.statement.start_radius)
    speed = below(2 * arb(problem.loss.scale) * majorise(facts, arb(1), chain))
    end = f"{{}}, falls at least as fast as exp(-{speed} t)."
    return _sentence("Gradient flow on the loss", problem, chain, end)


def descent(problem: Problem, chain: Chain) -> str:
    """Gradient descent from every start near the saved weights converges to zero loss."""
    facts = known_facts(problem, chain, problem.statement.start_radius)
    rate = majorise(facts, _loss_against_flow(facts, problem.step, chain), chain)
    chain.found(largest_step=1 / (2 * arb(problem.loss.scale) * facts.beta**2))
    how = f"Gradient descent on the loss with step size {problem.statement.step_size!r}"
    end = f"every step shrinks {{}}, by a factor of at most 1 - {below(problem.step * rate)}."
    return _sentence(how, problem, chain, end)


def _sentence(how: str, problem: Problem, chain: Chain, end: str) -> str:
    radius, known = problem.statement.start_radius, chain.numbers
    start = f"every start within {radius!r} of the saved weights" if radius else "the saved weights"
    how = f"{how} from {start} converges to weights with zero loss: its path is no longer than"
    residual = f"the norm of the residual, now at most {above(known['residual_norm'])}"
    falls = end.format(f"{residual} at the saved weights")
    return f"{how} {above(known['path_length'])}, and {falls}"


def _loss_against_flow(facts: Facts, step: arb, chain: Chain) -> arb:
    """The constant c of Lemma 2: 1 for steps up to the inverse of the largest eigenvalue."""
    b, sigma = (step * facts.beta**2).upper(), facts.sigma
    if b <= 1:
        chain.at_most("step * (jacobian norm on the ball)^2 <= 1", b, arb(1))
        return arb(1)
    alpha = (step * sigma * sigma).upper()
    name = "step * (jacobian norm on the ball)^2 < 2 - step * sigma^2"
    chain.at_most(name, b, 2 - alpha, strict=True)
    c = _root(b * (2 - b - alpha) / (1 - b * alpha)).lower()
    chain.at_most("a step is no longer than a Newton step", c * sigma * (step * b).sqrt(), arb(1))
    return c


def majorise(facts: Facts, c: arb, chain: Chain) -> arb:
    r"""The rate $\mu$ by Kantorovich's majorant (Theorem 1), for a loss of c against flow."""
    r, sigma, lam, rho = facts.residual, facts.sigma, facts.lipschitz, facts.rho
    slope = (c * sigma).lower()
    name = "residual + lipschitz * rho^2 / 2 <= sigma * rho, at every start"
    chain.at_most(name, r + lam * rho * rho / 2, slope * rho)
    chain.at_most("lipschitz * rho < sigma, at every start", lam * rho, slope, strict=True)
    # Given both, the first zero s of r - slope s + lam s^2 / 2 lies within rho.
    path = (2 * r / (slope + _root(slope * slope - 2 * lam * r))).min(rho).upper()
    rate = ((slope - lam * path) * (sigma - lam * path)).lower()
    chain.found(path_length=path, rate=rate)
    return rate


def _root(x: arb) -> arb:
    """At most the root of a number that is known not to be negative."""
    return x.lower().max(arb(0)).sqrt()
