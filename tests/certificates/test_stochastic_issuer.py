"""Certificates about stochastic descent (Theorem 5): issued, checked, kept, or explained."""

import dataclasses
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import surefit as sf
from surefit.certificates import certify_batches
from surefit.certificates.stochastic import Ground, best_plan
from surefit.errors import InvalidInputError
from surefit.workflows.issuing import issue_certificates
from surefit.workflows.proving import prove

NETWORK = sf.models.shallow(24, weight_std=3.0, antisymmetric=False)


def near(network=NETWORK, size=1e-9, n=5, loss=None):
    """A problem that the weights fit up to `size`, and these weights."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(n, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    blank = sf.Problem(network, x, np.zeros(n))
    params = blank.init(0)
    y = np.asarray(blank.predict(params))[:, 0] - size * rng.normal(size=n)
    return sf.Problem(network, x, y, loss), params


@pytest.fixture(scope="module")
def fitted():
    """Small enough for a certificate, large enough that runs can be followed."""
    return near(size=3e-6)


@pytest.mark.parametrize("batch", [1, 5])
def test_what_was_issued_is_proved(fitted, tmp_path, batch):
    problem, params = fitted
    certificate = sf.certify(problem, params, batch_size=batch)
    assert certificate.holds, certificate.explain()
    assert f"on {batch} of 5 samples drawn afresh in every step" in certificate.statement
    proof = prove([certificate], tmp_path / "certificate")
    assert proof.proved, proof.reason
    numbers = certificate.quantities
    # Both bound the same quantities; the checker's curvature may be a little larger.
    failure = proof.numbers["failure_probability"]
    assert failure == pytest.approx(numbers["failure_probability"], rel=0.2)
    assert proof.numbers["contraction"] == pytest.approx(numbers["contraction"], rel=0.05)


def test_a_rectifier_within_its_signs(tmp_path):
    problem, params = near(sf.Serial(sf.Dense(24), sf.Relu(), sf.Dense(1)), size=1e-10)
    certificate = sf.certify(problem, params, batch_size=2)
    assert certificate.holds, certificate.explain()
    limit = next(c for c in certificate.checks if c.name.startswith("largest radius"))
    assert certificate.quantities["radius"] <= limit.value
    assert prove([certificate], tmp_path / "certificate").proved


def test_runs_keep_what_was_promised(fitted):
    problem, params = fitted
    certificate = certify_batches(problem, params, batch_size=2)
    numbers = certificate.quantities
    assert numbers["failure_probability"] < 0.3  # the statement is not empty
    method = sf.StochasticGradientDescent(numbers["step_size"], batch_size=2)
    runs, steps = 200, 400
    start, fixed = problem.split(params)

    @jax.jit
    def run(key):
        def step(carry, number):
            now, path = carry
            after, _ = method.step(
                problem, now, fixed, (), step=number, key=jax.random.fold_in(key, number)
            )
            length = jnp.linalg.norm(ravel_pytree(after)[0] - ravel_pytree(now)[0])
            away = jnp.linalg.norm(ravel_pytree(after)[0] - ravel_pytree(start)[0])
            return (after, path + length), away

        (end, path), away = jax.lax.scan(step, (start, jnp.zeros(())), jnp.arange(steps))
        return path, jnp.max(away), jnp.linalg.norm(problem.residual(eqx.combine(end, fixed)))

    path, away, residual = jax.vmap(run)(jax.random.split(jax.random.key(0), runs))
    error = float(np.std(path)) / math.sqrt(runs)
    assert float(np.mean(path)) <= numbers["expected_path"] + 4.0 * error
    left = float(np.mean(np.asarray(away) > numbers["radius"]))
    spread = math.sqrt(numbers["failure_probability"] / runs)
    assert left <= numbers["failure_probability"] + 4.0 * spread
    assert float(np.median(residual)) < 0.9 * numbers["residual"]


def test_steps_are_those_of_the_loss():
    half = certify_batches(*near(), batch_size=2).quantities
    mean = certify_batches(*near(loss=sf.MeanSquared()), batch_size=2).quantities
    assert mean["step_size"] == pytest.approx(2.5 * half["step_size"])  # 2c = 2/5
    assert mean["contraction"] == pytest.approx(half["contraction"])


def test_the_best_plan_is_no_worse_than_others():
    ground = Ground(residual=1e-5, sigma=0.5, beta=2.0, kappa=10.0, samples=8)
    knots = [(radius, 1.0 + radius) for radius in np.geomspace(1e-3, 0.4, 12).tolist()]
    best = best_plan(ground, knots, None)
    for radius, curvature in knots:
        sigma, beta = 0.5 - curvature * radius, 2.0 + curvature * radius
        if sigma <= 0.0:
            continue
        kappa = ground.kappa_within(curvature * radius)
        distance = 1.0718 * 1e-5 / sigma
        path = 2.3 * math.sqrt(kappa) * 1e-5 / (1.356 * sigma**2)
        for growth in np.geomspace(1.5, 1e8, 40):
            margin = 1.0718 * beta * math.sqrt(growth) * distance / sigma
            if margin < radius and curvature * beta * math.sqrt(growth) * distance <= sigma**2 / 8:
                # The grid of growths misses the best one by little.
                assert best.failure <= 1.01 * (1.0 / growth + path / (radius - margin))


def test_a_residual_that_is_too_large_is_explained():
    problem, params = near(size=1e-2)
    certificate = certify_batches(problem, params, batch_size=2)
    assert certificate.holds is False
    assert certificate.statement.startswith("Not shown: stochastic gradient descent")
    fire = certificate.quantities["fire_residual"]
    assert f"need ||r|| <= {fire:.4g}" in certificate.note
    assert "polish the weights" in certificate.note
    assert certificate.document is None
    scale = 0.9 * fire / certificate.quantities["residual"]
    assert certify_batches(*near(size=1e-2 * scale), batch_size=2).holds


def test_a_step_that_is_too_long_is_replaced_in_the_journey():
    problem, params = near()
    bad = certify_batches(problem, params, batch_size=2, step_size=100.0)
    assert [check.name for check in bad.checks if not check.holds] == ["step size"]
    assert "exceeds the largest that this theorem allows" in bad.note
    issued = issue_certificates(problem, params, 100.0, 2)
    first = issued[0]
    assert first.name == "stochastic"
    assert first.holds
    assert first.quantities["step_size"] < first.quantities["largest_step"]
    assert "stochastic" not in [one.name for one in issue_certificates(problem, params, 0.1)]


def test_other_proposals_where_the_checker_needs_them(tmp_path):
    problem, params = near()
    certificate = certify_batches(problem, params, batch_size=2)
    written = certificate.document["statement"]
    rho = 40.0 * float.fromhex(written["rho"])  # so large that J loses its rank on the ball
    document = {**certificate.document, "statement": {**written, "rho": rho.hex()}}
    bad = dataclasses.replace(certificate, document=document)
    assert sf.verify(bad.save(tmp_path / "bad")).verdict == "refused"
    assert prove([bad], tmp_path / "certificate").proved


def test_arguments():
    problem, params = near()
    for batch in (0, 6, True):
        with pytest.raises(InvalidInputError, match="whole number from 1 to the number of samples"):
            certify_batches(problem, params, batch_size=batch)
    with pytest.raises(InvalidInputError, match="must be given one of the two at most"):
        sf.certify(problem, params, certifiers=["kantorovich_majorant"], batch_size=2)
    with pytest.raises(InvalidInputError, match="must be a positive number"):
        sf.certify(problem, params, step_size=-1.0, batch_size=2)
