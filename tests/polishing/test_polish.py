"""Polishing: exact fits, certificates that hold afterwards, and honest endings."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.errors import InvalidInputError, NumericalError
from surefit.polishing import PolishStatus, polish
from surefit.polishing.systems import DenseSystem, IterativeSystem


def data(samples=8, inputs=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, inputs))
    return x / np.linalg.norm(x, axis=1, keepdims=True), rng.normal(size=(samples, 1))


SMOOTH = sf.models.shallow(64, weight_std=2.0)
NETWORKS = {
    "two layers, smooth": SMOOTH,
    "two layers, rectified": sf.models.shallow(64, activation=sf.Relu()),
    "deep, first layer fixed": sf.Serial(
        sf.Dense(64, trained=False), sf.Tanh(), sf.Dense(16), sf.Tanh(), sf.Dense(1)
    ),
    "implicit": sf.models.implicit_relu(48, 0.1),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name == "implicit" else ()) for name in NETWORKS],
)
def test_a_certificate_holds_afterwards(name):
    problem = sf.Problem(NETWORKS[name], *data())
    start = problem.init(1)
    before = jax.tree.map(np.asarray, start)
    heard = []
    params, done = polish(problem, start, progress=heard.append)
    assert done.status is PolishStatus.CERTIFIED and done.certified
    assert heard == list(done.steps)
    residuals = [step.residual for step in done.steps]
    assert residuals == sorted(residuals, reverse=True)
    np.testing.assert_allclose(residuals[-1], np.linalg.norm(problem.residual(params)), rtol=1e-6)
    certificate = sf.certify(problem, params)
    assert certificate.holds
    assert certificate.quantities["condition"] <= 0.1 * (1 + 1e-6)
    np.testing.assert_allclose(done.steps[-1].sigma, certificate.quantities["sigma_min"], rtol=1e-6)
    moved = [
        np.asarray(b) - a for a, b in zip(*map(jax.tree.leaves, (before, params)), strict=True)
    ]
    distance = math.sqrt(sum(float(np.sum(change**2)) for change in moved))
    np.testing.assert_allclose(done.distance, distance, rtol=1e-12)
    assert f"moved the trained weights by {distance:.4g}" in done.message
    assert "about the polished weights, not about those before" in done.message
    if "fixed" in name:
        np.testing.assert_array_equal(params[0]["w"], start[0]["w"])
    # The argument is left as it was.
    assert all(map(np.array_equal, *map(jax.tree.leaves, (before, start))))


def test_descent_from_the_polished_weights_keeps_the_promise():
    problem = sf.Problem(sf.models.shallow(64, activation=sf.Relu()), *data())
    params, _ = polish(problem, problem.init(1), condition=0.5)
    certificate = sf.certify(problem, params)
    assert certificate.holds and certificate.name == "kantorovich_majorant"
    numbers = certificate.quantities
    _, trajectory = sf.train(
        problem,
        params,
        sf.GradientDescent(step_size=numbers["step_size"]),
        steps=200,
        monitors=["path_length"],
    )
    path = trajectory["path_length"].values[-1]
    assert 0 < path <= numbers["radius"]
    squared = np.asarray(trajectory["squared_residual"].values)
    steps = np.asarray(trajectory["squared_residual"].times)
    bound = squared[0] * numbers["rate"] ** (2 * steps)
    # float64 descent ends at the rounding of the outputs, about 1e-16 per sample.
    assert (np.sqrt(squared) <= np.sqrt(bound) * (1 + 1e-9) + 1e-14).all()


def test_too_few_parameters_stall_with_the_reason():
    # 7 parameters for 8 equations: no exact fit, and the Jacobian is not onto.
    problem = sf.Problem(sf.models.shallow(1, antisymmetric=False), *data(8, 6))
    _, done = polish(problem, problem.init(0), steps=40, jitters=0)
    assert done.status in (PolishStatus.STALLED, PolishStatus.STEPS)
    assert "too few parameters" in done.message
    assert not done.certified and done.jitters == 0


def test_the_limit_of_steps():
    problem = sf.Problem(SMOOTH, *data())
    _, done = polish(problem, problem.init(0), steps=1, condition=1e-9)
    assert done.status is PolishStatus.STEPS and len(done.steps) == 2
    assert "limit of steps was reached after 1 polishing step;" in done.message


@pytest.mark.slow
def test_a_network_without_a_curvature_bound_is_fitted_all_the_same():
    network = sf.Serial(sf.Dense(16), sf.LayerNorm(), sf.Tanh(), sf.Dense(1))
    problem = sf.Problem(network, *data())
    params, done = polish(problem, problem.init(0), residual_norm=1e-9)
    assert done.status is PolishStatus.REACHED
    assert np.linalg.norm(problem.residual(params)) <= 1e-9
    assert "No curvature bound is known" in done.message


@pytest.mark.slow
def test_without_the_matrix():
    problem = sf.Problem(SMOOTH, *data(12))
    params, done = polish(problem, problem.init(0), iterative=True, residual_norm=1e-8)
    assert done.status is PolishStatus.REACHED
    assert np.linalg.norm(problem.residual(params)) <= 1e-8
    assert "not asked" in done.message and math.isnan(done.steps[-1].sigma)
    assert sf.certify(problem, params).holds


def test_a_kink_is_left_by_a_random_perturbation():
    # One sample on the kink of every neuron: with phi'(0) = 0 no step changes its output.
    network = sf.Serial(sf.Dense(6, parameterisation="unscaled"), sf.Relu(), sf.Dense(1))
    problem = sf.Problem(network, np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.3, -0.2]))
    w = np.abs(np.random.default_rng(0).normal(size=(6, 2)))
    w[:, 1] = 0.0
    params = ({"w": jnp.asarray(w)}, {}, problem.init(0)[2])
    params = (params[0], problem.init(0)[1], params[2])
    _, stuck = polish(problem, params, jitters=0)
    assert stuck.status is PolishStatus.STALLED
    # Weights that are all 0 on a sample have no scale of their own: those of the array count.
    _, free = polish(problem, params, jitters=3)
    assert free.certified and free.jitters >= 1
    assert "random perturbation" in free.message


def test_dense_systems_keep_the_matrix():
    rng = np.random.default_rng(0)
    a = rng.normal(size=(7, 9))
    gram, r = a @ a.T, rng.normal(size=7)
    system = DenseSystem(gram.copy())
    for damping in (1.0, 1e-3, 10.0):
        expected = np.linalg.solve(gram + damping * np.eye(7), r)
        np.testing.assert_allclose(system.solve(damping, r), expected, rtol=1e-9)
    np.testing.assert_array_equal(system.gram, gram)
    assert system.scale == pytest.approx(np.trace(gram) / 7)
    assert DenseSystem(-np.eye(3)).solve(0.5, np.ones(3)) is None
    frozen = gram.copy()
    frozen.flags.writeable = False
    np.testing.assert_allclose(
        DenseSystem(frozen).solve(1.0, r), np.linalg.solve(gram + np.eye(7), r), rtol=1e-9
    )


def test_iterative_systems_solve_to_the_forcing_term():
    problem = sf.Problem(sf.models.shallow(32, 2), data(30)[0], np.ones((30, 2)))
    params = problem.init(0)
    gram, r = np.asarray(problem.gram(params)), np.random.default_rng(1).normal(size=60)
    system = IterativeSystem(problem, params)
    for damping in (1e-2, 1e-6):
        v = system.solve(damping, r)
        assert np.linalg.norm(gram @ v + damping * v - r) <= 0.051 * np.linalg.norm(r)


def test_misuse():
    problem = sf.Problem(SMOOTH, *data())
    params = problem.init(0)
    for options in ({"steps": 0}, {"jitters": -1}):
        with pytest.raises(InvalidInputError, match=r"`polish\(steps=..., jitters=...\)` must be"):
            polish(problem, params, **options)
    for options in ({"condition": 0.0}, {"condition": 1.0}, {"residual_norm": -1.0}):
        with pytest.raises(InvalidInputError, match=r"`polish\(condition=..., residual_norm="):
            polish(problem, params, **options)
    other = sf.Problem(SMOOTH, *data(), sf.Huber())
    with pytest.raises(InvalidInputError, match=r"`polish\(problem=...\)` must be given"):
        polish(other, params)
    lost = jax.tree.map(lambda leaf: leaf * jnp.nan, params)
    with pytest.raises(NumericalError, match=r"`polish\(params=...\)` must give finite outputs"):
        polish(problem, lost)


def test_saturated_activations_are_named():
    # Twelve points on a circle and six wide features: steps drive them into their flat parts.
    rng = np.random.default_rng(3)
    x = rng.normal(size=(12, 2))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    network = sf.models.shallow(6, weight_std=4.0, antisymmetric=False)
    problem = sf.Problem(network, x, rng.choice([-1.0, 1.0], 12))
    _, done = polish(problem, problem.init(3), steps=40, jitters=0)
    assert not done.certified
    assert done.steps[-1].sigma < 0.3 * max(step.sigma for step in done.steps)
    assert "activations saturate, or there are too few parameters" in done.message
    assert "Gelu or Softplus in place of Tanh" in done.message
