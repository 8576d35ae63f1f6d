"""What certificates promise, against runs: analytic cases, and many random small problems."""

import dataclasses
import math

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.certificates import CERTIFIERS, Point
from surefit.curvature import CurvatureBound
from surefit.losses import HalfMeanSquared, HalfSquared, MeanSquared, SumSquared
from surefit.testing.certifier import follow

KANTOROVICH = CERTIFIERS["kantorovich_majorant"]()
BARTLETT = CERTIFIERS["bartlett_montanari_rakhlin"]()
OYMAK = CERTIFIERS["oymak_soltanolkotabi"]()


def parabola(y, w=1.5):
    """f(w) = w^2 on one sample: from w, a residual r > 0 makes J shrink as fast as it can."""
    network = sf.Serial(
        sf.Dense(1, parameterisation="unscaled"),
        sf.Quadratic(),
        sf.Dense(1, parameterisation="unscaled", trained=False),
    )
    problem = sf.Problem(network, np.ones((1, 1)), np.array([y]))
    return problem, ({"w": np.full((1, 1), w)}, (), {"w": np.ones((1, 1))})


@pytest.mark.parametrize("y", [2.2, 1.0, 0.3, 1e-3])
def test_the_radius_and_the_rate_are_attained(y):
    # sigma = 2 w, Lambda = 2, and the solution is sqrt(y): the worst case of the theorem.
    problem, params = parabola(y)
    certificate = KANTOROVICH.issue(problem, params)
    numbers = certificate.quantities
    assert certificate.holds
    np.testing.assert_allclose(numbers["lipschitz"], 2.0, rtol=1e-9)
    np.testing.assert_allclose(numbers["condition"], 1 - y / 2.25, rtol=1e-9)
    np.testing.assert_allclose(numbers["radius"], 1.5 - math.sqrt(y), rtol=1e-6)
    np.testing.assert_allclose(1 - numbers["rate"], numbers["step_size"] * 4 * y, rtol=1e-5)
    norms, paths = follow(problem, params, numbers["step_size"], 3000, "descent")
    assert paths[-1] <= numbers["radius"] * (1 + 1e-12)
    if y > 0.1:
        np.testing.assert_allclose(paths[-1], numbers["radius"], rtol=1e-6)
        late = np.flatnonzero(norms > 1e-9)[-1]
        np.testing.assert_allclose(norms[late] / norms[late - 1], numbers["rate"], atol=1e-6)


@pytest.mark.parametrize("y", [-1e-6, -1.0])
def test_beyond_the_condition_there_is_no_solution(y):
    problem, params = parabola(y)
    certificate = KANTOROVICH.issue(problem, params)
    assert certificate.holds is False
    assert certificate.quantities["condition"] > 1


def features(outputs=1, loss=None):
    """Affine in the trained parameters: everything is known in closed form."""
    rng = np.random.default_rng(3)
    network = sf.Serial(sf.Dense(12, trained=False), sf.Tanh(), sf.Dense(outputs))
    x, y = rng.normal(size=(5, 3)), rng.normal(size=(5, outputs))
    problem = sf.Problem(network, x, y, loss)
    return problem, problem.init(0)


def test_an_affine_network():
    problem, params = features(outputs=2)
    values = np.linalg.svd(problem.jacobian(params), compute_uv=False)
    sigma, beta = values[-1], values[0]
    r = np.linalg.norm(problem.residual(params))
    sharp = KANTOROVICH.issue(problem, params).quantities
    np.testing.assert_allclose(sharp["radius"], r / sigma, rtol=1e-6)
    np.testing.assert_allclose(sharp["step_size"], 1 / beta**2, rtol=1e-9)
    np.testing.assert_allclose(sharp["rate"], 1 - (sigma / beta) ** 2, rtol=1e-9)
    assert (sharp["lipschitz"], sharp["condition"]) == (0.0, 0.0)
    np.testing.assert_allclose(sharp["largest_step"], 2 / beta**2, rtol=0.02)
    flow = KANTOROVICH.issue(problem, params, dynamics="flow").quantities
    np.testing.assert_allclose(flow["exponent"], sigma**2, rtol=1e-6)
    bartlett = BARTLETT.issue(problem, params).quantities
    np.testing.assert_allclose(bartlett["radius"], 2 * r / sigma, rtol=1e-6)
    np.testing.assert_allclose(bartlett["exponent"], sigma**2 / 4, rtol=1e-6)
    oymak = OYMAK.issue(problem, params).quantities
    np.testing.assert_allclose(oymak["radius"], 4 * r / sigma, rtol=1e-6)
    np.testing.assert_allclose(oymak["step_size"], 0.5 / beta**2, rtol=1e-9)
    np.testing.assert_allclose(oymak["rate"] ** 2, 1 - 0.25 * (sigma / beta) ** 2, rtol=1e-9)


def test_oymak_soltanolkotabi_takes_the_largest_alpha():
    problem, params = parabola(2.2)
    numbers = OYMAK.issue(problem, params).quantities
    r, sigma, curvature = 0.05, 3.0, 2.0
    alpha = 4 * r / numbers["radius"]
    np.testing.assert_allclose(sigma - curvature * 4 * r / alpha, alpha, rtol=1e-9)
    assert alpha > sigma / 2
    beta = sigma + curvature * numbers["radius"]
    np.testing.assert_allclose(numbers["largest_step"], 0.5 / beta**2, rtol=1e-9)


@pytest.mark.parametrize("certifier", [KANTOROVICH, BARTLETT, OYMAK])
@pytest.mark.parametrize("kind", [HalfSquared, SumSquared, HalfMeanSquared, MeanSquared])
def test_steps_and_rates_are_those_of_the_loss(certifier, kind):
    problem, params = features(loss=kind())
    numbers = certifier.issue(problem, params).quantities
    factor = 2 * kind().residual_scale(5)
    reference = certifier.issue(*features()).quantities
    np.testing.assert_allclose(numbers["largest_step"] * factor, reference["largest_step"])
    np.testing.assert_allclose(numbers["exponent"] / factor, reference["exponent"])
    np.testing.assert_allclose(numbers["rate"], reference["rate"])
    np.testing.assert_allclose(numbers["loss"], problem.objective(params))
    if kind is not MeanSquared:
        return  # one run shows that the conversion is the right one
    dynamics = certifier.dynamics[0]
    step = numbers["step_size"] if dynamics == "descent" else 0.01 / factor
    norms, paths = follow(problem, params, step, 200, dynamics)
    assert paths[-1] <= numbers["radius"]
    fall = numbers["rate"] if dynamics == "descent" else math.exp(-numbers["exponent"] * step)
    assert np.all(norms <= norms[0] * fall ** np.arange(201) * (1 + 1e-9))


NETWORKS = {
    "gelu": sf.Serial(sf.Dense(40, 2.0, 1.0), sf.Gelu(), sf.Dense(1, bias_std=0.5)),
    "three outputs": sf.Serial(sf.Dense(40, 2.0), sf.Sin(), sf.Dense(3)),
    "standard": sf.Serial(
        sf.Dense(60, 2.0, parameterisation="standard"),
        sf.Softplus(),
        sf.Dense(1, parameterisation="standard"),
    ),
    "hidden only": sf.models.two_layer(40, sf.Erf(), 2.0),
    "antisymmetric": sf.models.shallow(40, 2, sf.Tanh(), 3.0),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_no_run_breaks_a_certificate(name):
    rng = np.random.default_rng(sum(map(ord, name)))
    network, fired = NETWORKS[name], 0
    n, d = 6, 5
    for case in range(4):
        x = rng.normal(size=(n, d))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        k = network.output_shape((d,))[0]
        blank = sf.Problem(network, x, np.zeros((n, k)))
        params = blank.init(int(rng.integers(1000)))
        point = Point.at(blank, params)
        # The residual points into the worst direction, a random one, or both.
        direction = (case % 3) * rng.normal(size=n * k) / math.sqrt(n * k)
        direction = direction + (case % 3 != 1) * point.bottom
        direction /= np.linalg.norm(direction)
        for certifier in (KANTOROVICH, BARTLETT, OYMAK):
            limit = _limit(certifier, point)
            r = limit * rng.uniform(0.2, 0.98) * direction
            y = np.asarray(blank.predict(params)) - r.reshape(n, k)
            problem = sf.Problem(network, x, y)
            fired += _check(certifier, problem, params, rng)
    assert fired == 12


def _limit(certifier, point):
    near = dataclasses.replace(point, residual=1e-9)
    # The Lipschitz constants of two of the theorems grow with the residual: leave some room.
    share = 1.0 if certifier is KANTOROVICH else 0.5
    return share * certifier.issue_at(near).quantities["fire_residual"]


def _check(certifier, problem, params, rng):
    dynamics = certifier.dynamics[0]
    certificate = certifier.issue(problem, params)
    if certificate.holds and dynamics == "descent" and rng.random() < 0.6:
        step = certificate.quantities["largest_step"] * rng.choice([0.999, rng.uniform(0.2, 1)])
        certificate = certifier.issue(problem, params, step_size=step)
    if not certificate.holds:
        return 0
    numbers = certificate.quantities
    step = numbers["step_size"] if dynamics == "descent" else 0.2 / numbers["sigma_max"] ** 2
    steps = 2000 if dynamics == "descent" else 400
    norms, paths = _follow(problem, params, step, steps, dynamics)
    count = np.arange(steps + 1)
    flow = np.exp(-numbers["exponent"] * step * count)
    fall = flow if dynamics == "flow" else numbers["rate"] ** count
    assert np.all(norms <= norms[0] * fall * (1 + 1e-8) + 1e-13)
    assert paths[-1] <= numbers["radius"] * (1 + 1e-8)
    return 1


_follow = jax.jit(follow, static_argnums=(3, 4))


def test_the_hypotheses_alone_decide():
    # A curvature bound that is too large makes the certificate more careful, never wrong.
    problem, params = parabola(1.6)
    point = Point.at(problem, params)
    radii = []
    for factor in (1.0, 1.5, 2.0):
        stub = dataclasses.replace(
            point, curvature=lambda radius, f=factor: CurvatureBound(2.0 * f, "stub", radius)
        )
        certificate = KANTOROVICH.issue_at(stub)
        assert certificate.holds
        radii.append(certificate.quantities["radius"])
    np.testing.assert_allclose(radii[0], 1.5 - math.sqrt(1.6), rtol=1e-7)
    assert radii == sorted(radii)
    stub = dataclasses.replace(point, curvature=lambda radius: CurvatureBound(8.0, "stub", radius))
    assert KANTOROVICH.issue_at(stub).holds is False


def test_curvature_that_grows_is_charged_where_it_is_met():
    # L(s) = 2 + 40 s: with the constant of the whole ball the certificate would not hold.
    problem, params = parabola(1.9)
    point = dataclasses.replace(
        Point.at(problem, params),
        curvature=lambda radius: CurvatureBound(2.0 + 40.0 * radius, "stub", radius),
    )
    certificate = KANTOROVICH.issue_at(point)
    numbers = certificate.quantities
    assert certificate.holds
    s = numbers["radius"]
    # g(s) = r - 3 s + s^2 + (20/3) s^3 with exact integration, r = 0.35.
    exact = min(root.real for root in np.roots([20 / 3, 1, -3, 0.35]) if root.real > 0)
    assert exact <= s <= 1.1 * exact
    # The largest certified residual: at g' = 0, s = 1/3 gives 3/3 - 1/9 - 20/81.
    best = max(3 * t - t**2 - 20 / 3 * t**3 for t in np.linspace(0, 1, 10001))
    assert 0.8 * best <= numbers["fire_residual"] <= best
