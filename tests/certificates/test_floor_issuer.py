"""Certificates about descent in float64 (Theorem 2): issued, checked, kept, or explained."""

import dataclasses
import math

import equinox as eqx
import jax
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import surefit as sf
from surefit.certificates import certify_floor
from surefit.certificates.floor import Ground, best_plan
from surefit.core.check import Evidence
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.workflows.proving import prove

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(5, 4))
ROWS /= np.linalg.norm(ROWS, axis=1, keepdims=True)
IMAGES = RNG.normal(size=(4, 4, 4, 1)) / 4.0
TANH = sf.models.shallow(24, weight_std=3.0, antisymmetric=False)
PROVED = {  # the rounding of these is bounded, and proved
    "tanh": (TANH, ROWS),
    "softplus, from zero": (
        sf.Centred(sf.Serial(sf.Dense(30, 2.0, 0.5), sf.Softplus(True), sf.Dense(1))),
        ROWS,
    ),
    "sigmoid, two outputs": (sf.Serial(sf.Dense(40, 4.0), sf.Sigmoid(), sf.Dense(2)), ROWS),
}
MEASURED = {  # of these it is measured
    "rectified": (sf.Serial(sf.Dense(24), sf.Relu(), sf.Dense(1)), ROWS),
    "fully connected": (sf.models.fully_connected(40, 2), ROWS),
    "residual": (sf.models.residual(30, 3, tau="1/L"), ROWS),
    "convolutions": (
        sf.Serial(sf.Conv(12, 3, bias_std=0.3), sf.Tanh(), sf.Flatten(), sf.Dense(1)),
        IMAGES,
    ),
    "implicit": (sf.models.implicit_relu(40, 0.2), ROWS),
    "linear": (sf.Serial(sf.Dense(16, trained=False), sf.Tanh(), sf.Dense(1)), ROWS),
}


def near(network, x, size=1e-7, loss=None):
    """A problem that weights fit up to `size`, and these weights."""
    k = network.output_shape(x.shape[1:])[0]
    blank = sf.Problem(network, x, np.zeros((len(x), k)))
    params = blank.init(0)
    away = np.random.default_rng(1).normal(size=(len(x), k))
    y = np.asarray(blank.predict(params)) - size * away / np.linalg.norm(away)
    return sf.Problem(network, x, y, loss), params


def told(certificate, check):
    return next(one for one in certificate.checks if one.name == check)


@pytest.mark.parametrize("name", PROVED)
def test_float64_is_proved_for_two_smooth_layers(name, tmp_path):
    certificate = sf.certify(*near(*PROVED[name]), statement="floor")
    assert certificate.holds, certificate.explain()
    assert certificate.statement.startswith("Gradient descent in float64 with step size")
    assert certificate.evidence is Evidence.FLOAT
    proof = prove([certificate], tmp_path / "certificate")
    assert proof.proved, proof.reason
    # Both bound the same error; the checker does not need the issuer's second proposal.
    error = certificate.quantities["error"]
    assert 0.9 * error < proof.numbers["rounding"] <= error
    assert proof.numbers["floor"] == pytest.approx(certificate.quantities["floor"], rel=0.05)
    assert f"for {int(certificate.quantities['steps'])} steps" in proof.statement


@pytest.mark.parametrize("name", MEASURED)
def test_other_networks_have_measured_errors(name, tmp_path):
    certificate = sf.certify(*near(*MEASURED[name], size=1e-9), statement="floor")
    assert certificate.holds, certificate.explain()
    assert "in any arithmetic" in certificate.statement
    assert certificate.evidence is Evidence.SAMPLED
    assert "is proved for two dense layers with a smooth activation only" in certificate.note
    proof = prove([certificate], tmp_path / "certificate")
    assert proof.proved, proof.reason
    assert "rounding" not in proof.numbers


def test_float64_keeps_what_is_promised():
    """A run of this package, to the floor and on it."""
    problem, params = near(TANH, ROWS, 1e-6)
    certificate = certify_floor(problem, params)
    numbers = certificate.quantities
    assert numbers["floor"] < 1e-4 * numbers["residual"]
    start, fixed = problem.split(params)
    steps = 2 * int(numbers["steps_to_floor"])

    def objective(part):
        return problem.objective(eqx.combine(part, fixed))

    @jax.jit
    def run(now):
        def step(now, _):
            change = jax.grad(objective)(now)
            now = jax.tree.map(lambda a, g: a - numbers["step_size"] * g, now, change)
            away = ravel_pytree(now)[0] - ravel_pytree(start)[0]
            return now, (problem.residual(eqx.combine(now, fixed)), away)

        return jax.lax.scan(step, now, length=steps)[1]

    residuals, away = map(np.asarray, run(start))
    residuals, away = np.linalg.norm(residuals, axis=1), np.linalg.norm(away, axis=1)
    k = np.arange(1, steps + 1)
    assert np.all(residuals <= numbers["residual"] * numbers["rate"] ** k + numbers["floor"])
    assert np.all(away <= numbers["radius"])
    assert residuals[-1] > 1e-6 * numbers["floor"]  # it does not go on to zero


def test_errors_are_no_larger_than_measured():
    """The step of the same network in float64, against the one with weights moved by an ulp."""
    problem, params = near(*MEASURED["rectified"], size=1e-9)
    certificate = certify_floor(problem, params)
    numbers = certificate.quantities
    step = numbers["step_size"]

    def after(p):
        gradient = problem.jacobian(p).T @ problem.residual(p)
        return weights(p) - step * np.asarray(gradient)

    def weights(p):
        return np.asarray(ravel_pytree(problem.split(p)[0])[0])

    moved = jax.tree.map(lambda a: np.nextafter(a, np.inf), params)
    change = weights(moved) - weights(params)
    wrong = np.linalg.norm(after(moved) - after(params) - change)
    assert 1e-3 * wrong < numbers["error"]
    assert numbers["error"] < 100 * np.linalg.norm(change)


def test_as_many_steps_as_asked_for():
    problem, params = near(TANH, ROWS)
    few = certify_floor(problem, params, steps=1000)
    many = certify_floor(problem, params).quantities
    assert few.holds
    assert few.quantities["steps"] == 1000 < many["steps"]
    assert few.quantities["floor"] <= many["floor"]
    assert few.quantities["radius"] < many["radius"]
    assert few.document["statement"]["steps"] == 1000
    problem, params = near(*MEASURED["rectified"], size=1e-6)
    asked = certify_floor(problem, params, steps=2**30, step_size=1e-9)
    assert asked.quantities["steps"] <= 2**30


def test_errors_that_leave_no_room_are_explained():
    problem, params = near(TANH, ROWS)
    ground = Ground(residual=1e-10, sigma=1e-3, beta=1.0)
    plan = best_plan(ground, ((1.0, 1e3),), lambda *_: 1e-5)
    assert plan.steps == 0
    assert plan.cost == pytest.approx(1.02 * 1.001 * 1e-5, rel=1e-2)
    fire = certify_floor(problem, params).quantities["fire_residual"]
    problem, params = near(TANH, ROWS, 0.999999 * fire)
    certificate = certify_floor(problem, params, steps=2**30)
    covered = told(certificate, "steps covered")
    numbers = certificate.quantities
    assert certificate.holds is False
    assert certificate.document is None
    assert covered.value < covered.bound == 2**30
    short = 2**30 * numbers["error_cost"] / numbers["error_room"]
    assert f"which is {short:.4g} times too little" in certificate.note
    assert "A smaller residual (train on, polish)" in certificate.note


def test_a_residual_that_is_too_large_is_explained():
    certificate = certify_floor(*near(TANH, ROWS, 1.0))
    assert certificate.holds is False
    assert certificate.statement.startswith("Not shown: gradient descent")
    fire = certificate.quantities["fire_residual"]
    assert f"need ||r|| <= {fire:.4g}, have 1 (C = {1 / fire:.4g})" in certificate.note


def test_a_step_that_is_too_long_is_explained():
    problem, params = near(TANH, ROWS)
    certificate = certify_floor(problem, params, step_size=50.0)
    assert [check.name for check in certificate.checks if not check.holds] == ["step size"]
    largest = certificate.quantities["largest_step"]
    assert f"allows here, {largest:.4g}" in certificate.note
    assert certify_floor(problem, params, step_size=0.5 * largest).holds


def test_rounding_that_cannot_be_measured_is_explained(monkeypatch):
    monkeypatch.setattr("surefit.certificates.floor.issuing.measured", lambda point: None)
    certificate = certify_floor(*near(*MEASURED["rectified"], size=1e-9))
    assert certificate.holds is None
    assert certificate.document is None
    assert "How far a step is off could not be measured" in certificate.note


def test_a_residual_below_the_floor_says_so():
    certificate = certify_floor(*near(TANH, ROWS, 1e-13))
    assert certificate.holds
    assert "The residual is below the floor already" in certificate.note


def test_steps_are_those_of_the_loss():
    half = certify_floor(*near(TANH, ROWS)).quantities
    mean = certify_floor(*near(TANH, ROWS, loss=sf.MeanSquared())).quantities
    assert mean["step_size"] == pytest.approx(2.5 * half["step_size"])  # 2c = 2/5
    assert mean["floor"] == pytest.approx(half["floor"])


def test_other_proposals_where_the_checker_needs_them(tmp_path):
    problem, params = near(TANH, ROWS)
    certificate = certify_floor(problem, params)
    written = certificate.document["statement"]
    for change in ({"error": (1e-3 * certificate.quantities["error"]).hex()}, {"rho": (3.0).hex()}):
        document = {**certificate.document, "statement": {**written, **change}}
        bad = dataclasses.replace(certificate, document=document)
        assert sf.verify(bad.save(tmp_path / "bad")).verdict == "refused"
        assert prove([bad], tmp_path / "certificate").proved


def test_arguments():
    problem, params = near(TANH, ROWS)
    for steps in (0, -1, 2**31, True):
        with pytest.raises(InvalidInputError, match=r"steps=...\)` must be a whole number"):
            certify_floor(problem, params, steps=steps)
    with pytest.raises(InvalidInputError, match="must be given without batch_size"):
        sf.certify(problem, params, batch_size=2, statement="floor")
    with pytest.raises(UnknownNameError, match="Did you mean 'floor'"):
        sf.certify(problem, params, statement="flor")
    assert math.isnan(certify_floor(*near(TANH, ROWS, 1.0)).quantities["floor"])
