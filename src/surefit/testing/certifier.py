"""The conformance suite of certifiers: `check_certifier(MyCertifier)` in a test is enough."""

from __future__ import annotations

import inspect
import json
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from surefit.certificates import CERTIFIERS, Certifier, Dynamics
from surefit.core.certificate import Certificate
from surefit.core.jsonable import dumps
from surefit.core.layer import Params
from surefit.core.precision import float64
from surefit.errors import InvalidInputError
from surefit.losses import HalfSquared, SumSquared
from surefit.models import shallow
from surefit.problem import Problem
from surefit.testing.claims import claim
from surefit.testing.quartic import _Quartic

__all__ = ["check_certifier", "follow"]

QUANTITIES = {
    "sigma_min",
    "sigma_max",
    "residual",
    "loss",
    "lipschitz",
    "condition",
    "fire_residual",
    "radius",
    "rate",
    "exponent",
    "step_size",
    "largest_step",
    "steps_per_decade",
    "parameters",
    "residuals",
}


@float64
def check_certifier(certifier: type[Certifier] | Certifier, steps: int = 300) -> None:
    """Assert that a certifier is complete, careful, and right where it says yes.

    Its metadata is there; near an interpolating two-layer network it says yes, far from one it
    does not, nor where J cannot be onto; a run made by a plain loop keeps its statement; the
    verdict does not depend on the scale of the squared loss; other losses, unknown dynamics and
    bad steps are refused; the certificate has all quantities and survives its JSON form.

    Args:
        certifier: the class, or an instance.
        steps: length of the runs.

    Raises:
        AssertionError: the first of these that is not so.
    """
    certifier = certifier() if isinstance(certifier, type) else certifier
    _check_metadata(certifier)
    for dynamics in certifier.dynamics:
        problem, params = _example(certifier, dynamics)
        certificate = certifier.issue(problem, params, dynamics=dynamics)
        claim(certifier, "holds half-way to its own limit", certificate.holds, certificate.note)
        _check_form(certifier, certificate)
        again = certifier.issue(problem, params, dynamics=dynamics)
        claim(certifier, "says the same twice", again.to_dict() == certificate.to_dict())
        _check_run(certifier, problem, params, certificate, dynamics, steps)
        _check_scale(certifier, problem, params, dynamics)
        _check_refusals(certifier, problem, params, dynamics)


def _check_metadata(certifier: Certifier) -> None:
    claim(certifier, "is in the catalogue", type(certifier) in CERTIFIERS.entries().values())
    claim(certifier, "names its theorem", certifier.theorem.strip())
    summary = (inspect.getdoc(type(certifier)) or "").partition("\n")[0]
    claim(certifier, "has a docstring that starts with a sentence", summary.endswith("."))
    known = certifier.dynamics and set(certifier.dynamics) <= {"descent", "flow"}
    claim(certifier, "speaks of descent, flow or both", known)


def _near(fraction: float, limit: float = 1.0) -> tuple[Problem, Params]:
    """A two-layer network whose residual has the norm `fraction * limit`."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    network = shallow(32, weight_std=3.0, antisymmetric=False)
    problem = Problem(network, x, np.zeros(6))
    params = problem.init(0)
    direction = rng.normal(size=6)
    r = fraction * limit * direction / np.linalg.norm(direction)
    return Problem(network, x, np.asarray(problem.predict(params))[:, 0] - r), params


def _example(certifier: Certifier, dynamics: Dynamics) -> tuple[Problem, Params]:
    close = certifier.issue(*_near(1e-9), dynamics=dynamics)
    claim(certifier, "holds next to an interpolating smooth network", close.holds, close.note)
    return _near(0.5, close.quantities["fire_residual"])


def _check_form(certifier: Certifier, certificate: Certificate) -> None:
    missing = QUANTITIES - certificate.quantities.keys()
    claim(certifier, "gives every quantity, NaN if it has none", not missing, str(sorted(missing)))
    claim(
        certifier, "is listed under its own name", CERTIFIERS[certificate.name] is type(certifier)
    )
    claim(certifier, "makes a statement", certificate.statement.endswith("."))
    claim(certifier, "says what it does not speak of", "Scope:" in certificate.note)
    arrays = certificate.witness.keys()
    claim(certifier, "carries data and weights", {"x", "y"} < arrays and len(arrays) > 2)
    plain = json.loads(dumps(certificate.to_dict()))
    claim(certifier, "survives its JSON form", plain["statement"] == certificate.statement)


def follow(
    problem: Problem,
    params: Params,
    step_size: float | Float[Array, ""],
    steps: int,
    dynamics: Dynamics,
) -> tuple[Float[Array, " times"], Float[Array, " times"]]:
    """Residual norms and path lengths of plain descent, or of flow, at every step.

    Flow is integrated by the classical Runge-Kutta method with this step of time.
    """
    moving, fixed = problem.split(params)

    def velocity(part: Params) -> Params:
        return jax.tree.map(
            jnp.negative, jax.grad(lambda own: problem.objective(eqx.combine(own, fixed)))(part)
        )

    def moved(part: Params, direction: Params, length: Any) -> Params:
        return jax.tree.map(lambda p, v: p + length * v, part, direction)

    def advance(part: Params) -> Params:
        if dynamics == "descent":
            return moved(part, velocity(part), step_size)
        k1 = velocity(part)
        k2 = velocity(moved(part, k1, step_size / 2))
        k3 = velocity(moved(part, k2, step_size / 2))
        k4 = velocity(moved(part, k3, step_size))
        mean = jax.tree.map(lambda a, b, c, d: (a + 2 * b + 2 * c + d) / 6, k1, k2, k3, k4)
        return moved(part, mean, step_size)

    def step(carry: tuple, _: None) -> tuple:
        part, path = carry
        after = advance(part)
        pairs = zip(jax.tree.leaves(after), jax.tree.leaves(part), strict=True)
        path = path + jnp.sqrt(sum((jnp.sum((a - b) ** 2) for a, b in pairs), start=jnp.zeros(())))
        r = problem.residual(eqx.combine(after, fixed))
        return (after, path), (jnp.linalg.norm(r), path)

    start = jnp.linalg.norm(jnp.asarray(problem.residual(params)))
    _, (norms, paths) = jax.lax.scan(step, (moving, jnp.zeros(())), None, length=steps)
    first = jnp.zeros(1)
    return jnp.append(start, norms), jnp.append(first, paths)


def _check_run(
    certifier: Certifier,
    problem: Problem,
    params: Params,
    certificate: Certificate,
    dynamics: Dynamics,
    steps: int,
) -> None:
    numbers = certificate.quantities
    step = numbers["step_size"]
    if dynamics == "flow":
        step = 0.1 / (problem.loss.smoothness(problem.samples) * numbers["sigma_max"] ** 2)
    norms, paths = follow(problem, params, step, steps, dynamics)
    claim(certifier, "bounds the path", paths[-1] <= numbers["radius"] * (1 + 1e-6))
    count = np.arange(steps + 1)
    flow = dynamics == "flow"
    fall = np.exp(-numbers["exponent"] * step * count) if flow else numbers["rate"] ** count
    kept = np.all(norms <= norms[0] * fall * (1 + 1e-6) + 1e-12)
    claim(certifier, "bounds the residual along the run", kept)
    bound = norms[0] * fall[-1]
    claim(certifier, "promises that the residual falls", bound < norms[0])


def _check_scale(
    certifier: Certifier, problem: Problem, params: Params, dynamics: Dynamics
) -> None:
    half, full = (
        certifier.issue(
            Problem(problem.network, problem.x, problem.y, loss), params, dynamics=dynamics
        )
        for loss in (HalfSquared(), SumSquared())
    )
    claim(certifier, "does not depend on the scale of the loss", half.holds == full.holds)
    for name, ratio in {
        "condition": 1.0,
        "radius": 1.0,
        "rate": 1.0,
        "exponent": 2.0,
        "largest_step": 0.5,
    }.items():
        one, two = half.quantities[name], full.quantities[name]
        same = (math.isnan(one) and math.isnan(two)) or math.isclose(two, ratio * one, rel_tol=1e-9)
        claim(certifier, f"converts `{name}` with the scale of the loss", same, f"{one}, {two}")


def _check_refusals(
    certifier: Certifier, problem: Problem, params: Params, dynamics: Dynamics
) -> None:
    far = Problem(problem.network, problem.x, np.asarray(problem.y) + 1e3)
    refused = certifier.issue(far, params, dynamics=dynamics)
    claim(certifier, "does not hold far from interpolation", refused.holds is False)
    claim(certifier, "then states nothing", refused.statement.startswith("Not shown"))
    x = np.linspace(-1.0, 1.0, 8)[:, None]
    narrow = Problem(shallow(2, antisymmetric=False), x, np.zeros(8))
    params_narrow = narrow.init(0)
    solved = Problem(narrow.network, x, np.asarray(narrow.predict(params_narrow)))
    crowded = certifier.issue(solved, params_narrow, dynamics=dynamics)
    claim(certifier, "does not hold with too few parameters", crowded.holds is False)
    quartic = Problem(problem.network, problem.x, problem.y, _Quartic())
    other = next((d for d in ("descent", "flow") if d not in certifier.dynamics), None)
    calls = {
        "refuses other losses": lambda: certifier.issue(quartic, params),
        "refuses a step of zero": lambda: certifier.issue(problem, params, step_size=0.0),
    }
    if other is not None:
        calls[f"refuses {other}"] = lambda: certifier.issue(problem, params, dynamics=other)
    for rule, call in calls.items():
        claim(certifier, rule, _refuses(call))


def _refuses(call) -> bool:
    try:
        call()
    except InvalidInputError:
        return True
    return False
