"""Bounds of deep networks against curvature that a search finds, everywhere in the ball."""

import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import surefit as sf
from surefit.curvature import curvature_found, curvature_profile, looseness
from surefit.curvature.deep import DeepCurvature
from surefit.curvature.tracing import trace
from surefit.curvature.two_layer import TwoLayerCurvature


def dense(m, **options):
    return sf.Dense(m, **options)


def fixed(m):
    return sf.Dense(m, trained=False)


SKIP = sf.Residual(sf.Serial(sf.Tanh(), dense(6)), 0.5)
IMAGE = (4, 4, 2)
# Name -> (network, shape of an example, what the bound may be of what is found at the centre).
NETWORKS = {
    "three layers": (sf.models.multilayer(8, 3), (4,), 30),
    "three outputs": (sf.models.multilayer(8, 2, 3, sf.Gelu()), (4,), 20),
    "biases": (
        sf.Serial(dense(6, bias_std=0.5), sf.Erf(), dense(6, bias_std=0.7), sf.Tanh(), dense(2)),
        (4,),
        20,
    ),
    "mask": (sf.Serial(fixed(6), sf.Tanh(), dense(6), sf.Tanh(), fixed(2)), (4,), 8),
    "middle": (sf.Serial(dense(6), sf.Tanh(), fixed(6), sf.Softplus(), dense(1)), (4,), 15),
    "residual": (sf.Serial(dense(6), SKIP, SKIP, sf.Sin(), dense(2)), (4,), 40),
    "sum": (
        sf.Serial(dense(6), sf.Tanh(), sf.Sum(sf.Serial(dense(5), sf.Tanh(), dense(2)), dense(2))),
        (4,),
        20,
    ),
    "quadratic": (sf.Serial(dense(5), sf.Quadratic(), dense(5), sf.Tanh(), dense(1)), (4,), 40),
    "own biases": (
        sf.Serial(dense(5), sf.Bias(0.3), sf.Tanh(), dense(5), sf.Tanh(), dense(1)),
        (4,),
        30,
    ),
    "equilibrium": (
        sf.Serial(dense(6), sf.Equilibrium(6, sf.Tanh(), 0.2), dense(2)),
        (4,),
        20,
    ),
    "convolutions": (
        sf.Serial(
            sf.Conv(3, 3, bias_std=0.3),
            sf.Tanh(),
            sf.AveragePool(2),
            sf.Conv(2, 2, padding="valid"),
            sf.Gelu(),
            sf.GlobalAveragePool(),
            dense(2),
        ),
        (6, 2),
        60,
    ),
    "locally connected": (
        sf.Serial(
            sf.Conv(2, 2, shared=False, padding="circular"), sf.Tanh(), sf.Flatten(), dense(2)
        ),
        IMAGE,
        15,
    ),
    "relu": (sf.Serial(dense(8), sf.Relu(), dense(8), sf.Relu(), dense(1)), (4,), 6),
    "leaky residual": (sf.Serial(dense(6), sf.LeakyRelu(0.1), SKIP, dense(2)), (4,), 30),
    "paper": (sf.models.residual(8, 2), (4,), 6),
    "implicit relu": (sf.models.implicit_relu(8, 0.2), (4,), 8),
    "implicit inside only": (sf.models.implicit_relu(8, 0.2, trained="implicit"), (4,), 8),
    "conv relu": (sf.models.convolutional((4, 4), 2, depth=2), (4, 4, 2), 8),
}


def problem_of(network, shape, samples=5, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, *shape))
    x /= np.linalg.norm(x.reshape(samples, -1), axis=1).reshape(samples, *(1,) * len(shape))
    return sf.Problem(network, x, rng.normal(size=(samples, network.output_shape(shape)[0])))


# Every kind of operation once; the rest runs with the slow tests.
FAST = ("three outputs", "mask", "residual", "equilibrium", "convolutions", "relu")


@pytest.mark.parametrize(
    "name",
    [name if name in FAST else pytest.param(name, marks=pytest.mark.slow) for name in NETWORKS],
)
def test_valid_in_the_ball_and_not_too_loose(name):
    network, shape, allowed = NETWORKS[name]
    problem = problem_of(network, shape)
    params = problem.init(3)
    profile = curvature_profile(problem, params)
    assert profile is not None
    radii = [0.0, 0.3 * min(profile.limit, 0.1), 0.999 * min(profile.limit, 1.0)]
    bounds = [profile(radius).value for radius in radii]
    assert bounds == sorted(bounds)
    budget = {"points": 2, "starts": 3, "steps": 30}
    centre = curvature_found(problem, params, 0.0, **budget).value
    assert 0.0 < centre <= bounds[0] <= allowed * centre
    for radius, bound in zip(radii[1:], bounds[1:], strict=True):
        assert curvature_found(problem, params, radius, **budget).value <= bound


def test_jacobians_differ_by_at_most_the_bound():
    problem = problem_of(sf.Serial(dense(6), sf.Gelu(), dense(5), sf.Tanh(), dense(2)), (4,))
    params = problem.init(3)
    radius = 0.5
    bound = curvature_profile(problem, params)(radius).value
    centre, unravel = ravel_pytree(params)
    jacobian = jax.jit(
        jax.jacrev(lambda theta: problem.network.apply(unravel(theta), problem.x).reshape(-1))
    )
    rng = np.random.default_rng(1)
    points = []
    for _ in range(20):
        direction = rng.normal(size=centre.size) * (rng.random(centre.size) < 0.3)
        points.append(centre + jnp.asarray(radius * direction / np.linalg.norm(direction)))
    for one, two in itertools.pairwise(points):
        change = np.linalg.norm(jacobian(one) - jacobian(two), 2)
        assert change <= bound * float(jnp.linalg.norm(one - two)) * (1 + 1e-9)


@pytest.mark.parametrize("activation", [sf.Tanh(), sf.Relu()])
def test_the_layerwise_bound_of_two_layers_covers_the_sharp_one(activation):
    # Two derivations of one number: block by block of neurons, and layer by layer.
    problem = problem_of(sf.models.shallow(8, 2, activation), (4,))
    params = problem.init(0)
    profile, deep = curvature_profile(problem, params), DeepCurvature(trace(problem, params))
    assert isinstance(profile.evaluate, TwoLayerCurvature)
    assert profile(0.0).value <= deep(0.0) * (1 + 1e-9)
    if profile.kinks:
        # Here both are the same minimum of |z_ij| / ||x_i||.
        np.testing.assert_allclose(deep.limit, profile.limit, rtol=1e-3)
        assert deep.limit <= profile.limit * (1 + 1e-12)


def test_a_linear_deep_network_by_hand():
    # f = abc x for numbers: D^2 f = x [[0, c, b], [c, 0, a], [b, a, 0]] in the order a, b, c.
    layer = sf.Dense(1, parameterisation="unscaled")
    problem = sf.Problem(sf.Serial(layer, layer, layer), np.array([[2.0]]), np.ones(1))
    params = tuple({"w": jnp.array([[value]])} for value in (0.5, -3.0, 0.25))
    a, b, c = 0.5, 3.0, 0.25
    expected = 2.0 * np.array([[0, c, b], [c, 0, a], [b, a, 0]])
    deep = DeepCurvature(trace(problem, params))
    np.testing.assert_allclose(deep.table(0.0), expected, rtol=1e-12)
    np.testing.assert_allclose(deep(0.0), np.linalg.norm(expected, 2), rtol=1e-8)
    # On a ball every factor may grow by its radius.
    rho = 0.1
    grown = 2.0 * np.array([[0, c + rho, b + rho], [c + rho, 0, a + rho], [b + rho, a + rho, 0]])
    assert (deep.table(rho) >= grown - 1e-12).all()
    assert np.linalg.norm(grown, 2) <= deep(rho) * (1 + 1e-9) <= 1.6 * np.linalg.norm(grown, 2)


def test_signs_stay_up_to_the_limit_and_the_message_names_the_neuron():
    problem = problem_of(sf.Serial(dense(8), sf.Relu(), dense(8), sf.Relu(), dense(1)), (4,))
    params = problem.init(0)
    profile = curvature_profile(problem, params)
    assert profile.kinks and 0 < profile.limit < math.inf
    assert profile(1.001 * profile.limit).value == math.inf
    first = np.asarray(problem.x) @ np.asarray(params[0]["w"]).T / 2.0
    second = np.maximum(first, 0) @ np.asarray(params[2]["w"]).T / math.sqrt(8)
    z = {"1": first, "3": second}
    layer = profile.limited_by.split("Relu ")[1][0]
    sample = int(profile.limited_by.split("sample ")[1].split(",")[0])
    neuron = int(profile.limited_by.split("neuron ")[1].split(")")[0])
    assert f"pre-activation {z[layer][sample, neuron]:.3g} " in profile.limited_by
    # A direction that moves this pre-activation straight to 0 needs a longer way than the limit,
    # and in the first layer no other way is shorter.
    if layer == "1":
        way = abs(first[sample, neuron]) / (np.linalg.norm(problem.x[sample]) / 2.0)
        np.testing.assert_allclose(profile.limit, way, rtol=1e-3)
    rng = np.random.default_rng(0)
    for _ in range(200):
        shifts = [rng.normal(size=params[i]["w"].shape) for i in (0, 2, 4)]
        size = math.sqrt(sum(np.sum(s**2) for s in shifts)) / profile.limit
        w1, w2 = (np.asarray(params[2 * i]["w"]) + shifts[i] / size for i in (0, 1))
        now = np.asarray(problem.x) @ w1.T / 2.0
        assert (np.sign(now) == np.sign(first)).all()
        after = np.maximum(now, 0) @ w2.T / math.sqrt(8)
        assert (np.sign(after) == np.sign(second)).all()


def test_on_a_kink_there_is_no_ball():
    network = sf.Serial(dense(4), sf.Relu(), dense(4), sf.Relu(), dense(1))
    problem = problem_of(network, (4,))
    params = problem.init(0)
    w = np.asarray(params[0]["w"]).copy()
    w[2] = 0.0
    params = ({"w": jnp.asarray(w)}, *params[1:])
    profile = curvature_profile(problem, params)
    assert profile.limit == 0.0 and profile(0.0).value == math.inf
    assert "Relu 1" in profile.limited_by and "neuron 2" in profile.limited_by


def test_an_equilibrium_that_need_not_contract():
    w = 1.2 * np.eye(6)  # in NTK parameterisation: times 0.2 / sqrt(6)
    network = sf.Serial(dense(6), sf.Equilibrium(6, sf.Tanh(), 0.2), dense(1))
    problem = problem_of(network, (4,))
    params = problem.init(0)
    scale = 0.2 / math.sqrt(6)
    inside = (params[0], {"w": jnp.asarray(w)}, params[2])
    np.testing.assert_allclose(
        curvature_profile(problem, inside).limit, 1.0 / scale - 1.2, rtol=1e-8
    )
    # A nilpotent matrix: the equilibrium exists whatever its norm.
    w = np.zeros((6, 6))
    w[0, 1] = 1.01 / scale
    beyond = (params[0], {"w": jnp.asarray(w)}, params[2])
    profile = curvature_profile(problem, beyond)
    assert profile.limit == 0.0 and "modulus 1.01" in profile.limited_by


def test_looseness_says_what_is_known():
    problem = problem_of(sf.models.shallow(6), (4,))
    params = problem.init(0)
    assert 1.0 <= looseness(problem, params) <= 1.6
    features = sf.Serial(fixed(6), sf.Tanh(), dense(1))
    problem = problem_of(features, (4,))
    assert looseness(problem, problem.init(0), 1.0) == 1.0
    problem = problem_of(sf.Serial(dense(4), sf.LayerNorm(), dense(1)), (4,))
    assert math.isnan(looseness(problem, problem.init(0)))
