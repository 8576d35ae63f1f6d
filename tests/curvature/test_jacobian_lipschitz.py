"""The bound against lower bounds of the second derivative's norm, found by autodiff and search."""

import math
import subprocess
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import surefit as sf
from surefit.activations import ACTIVATIONS
from surefit.curvature import curvature_profile, jacobian_lipschitz, without_bound
from surefit.errors import InvalidInputError

SMOOTH = [name for name in ACTIVATIONS if math.isfinite(ACTIVATIONS[name]().smoothness)]


def problem_of(network, samples=8, inputs=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples, inputs))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    outputs = network.output_shape((inputs,))[0]
    return sf.Problem(network, x, rng.normal(size=(samples, outputs)))


class Flat:
    """The outputs as a function of the trained parameters in one vector, and its derivatives."""

    def __init__(self, problem, params):
        moving, fixed = problem.split(params)
        self.centre, unravel = ravel_pytree(moving)

        def outputs(theta):
            return problem.network.apply(eqx.combine(unravel(theta), fixed), problem.x).reshape(-1)

        def second(theta, u):
            return jax.jvp(lambda t: jax.jvp(outputs, (t,), (u,))[1], (theta,), (u,))[1]

        def climb(theta, u):
            # A power method on u -> <g, D^2 f[u, .]>, shifted so that it cannot jump between the
            # two ends of the spectrum.
            def step(_, u):
                value = second(theta, u)
                size = jnp.linalg.norm(value)
                g = value / (size + 1e-300)
                moved = jax.grad(lambda v: jnp.vdot(g, second(theta, v)))(u) + size * u
                return moved / (jnp.linalg.norm(moved) + 1e-300)

            u = jax.lax.fori_loop(0, 80, step, u)
            return jnp.linalg.norm(second(theta, u))

        self.climb = jax.jit(jax.vmap(climb, in_axes=(None, 0)))
        self.jacobian = jax.jit(jax.jacrev(outputs))

    def norm_found(self, theta, starts=12):
        """A lower bound of ||D^2 f||."""
        rng = np.random.default_rng(0)
        u = rng.normal(size=(starts, theta.size))
        u[::2] *= rng.random(u[::2].shape) < 0.3  # the maximiser lives on one hidden feature
        u /= np.linalg.norm(u, axis=1, keepdims=True) + 1e-300
        return float(jnp.max(self.climb(theta, jnp.asarray(u))))

    def near(self, radius, rng):
        """A random point of the ball, often on its surface and in few coordinates."""
        direction = rng.normal(size=self.centre.size)
        if rng.random() < 0.5:
            direction *= rng.random(direction.size) < 0.1
        length = radius * (1.0 if rng.random() < 0.5 else rng.random())
        return self.centre + length * jnp.asarray(
            direction / max(np.linalg.norm(direction), 1e-300)
        )


def networks():
    for name in SMOOTH:
        activation = ACTIVATIONS[name]()
        yield f"{name}-1", sf.Serial(sf.Dense(6), activation, sf.Dense(1))
        if name in ("tanh", "gelu", "sin"):
            yield f"{name}-3", sf.Serial(sf.Dense(6), activation, sf.Dense(3))
    tanh = sf.Tanh()
    for kind in ("standard", "mean_field", "unscaled"):
        dense = {"parameterisation": kind, "weight_std": 1.5}
        yield kind, sf.Serial(sf.Dense(6, **dense), tanh, sf.Dense(2, **dense))
    yield "biases", sf.Serial(sf.Dense(6, bias_std=0.7), tanh, sf.Dense(2, bias_std=0.5))
    yield "hidden only", sf.Serial(sf.Dense(6, bias_std=1.0), tanh, sf.Dense(3, trained=False))
    yield "antisymmetric", sf.models.shallow(6, 2, sf.Gelu(), 2.0)
    yield "centred", sf.Centred(sf.Serial(sf.Serial(sf.Dense(6), tanh), sf.Dense(1)))
    yield "more inputs than samples", sf.Serial(sf.Dense(5), sf.Erf(), sf.Dense(1))


@pytest.mark.parametrize("network", [pytest.param(net, id=name) for name, net in networks()])
def test_valid_everywhere_in_the_ball_and_tight_at_its_centre(network, request):
    wide = "more inputs" in request.node.callspec.id
    problem = problem_of(network, *((3, 12) if wide else ()))
    params = problem.init(1)
    flat, rng = Flat(problem, params), np.random.default_rng(0)
    profile = curvature_profile(problem, params)
    bounds = {radius: profile(radius).value for radius in (3.0, 0.4, 0.02, 0.0)}
    assert list(bounds.values()) == sorted(bounds.values(), reverse=True)
    found = flat.norm_found(flat.centre)
    assert found <= bounds[0.0] <= 1.6 * found
    for radius in (0.02, 0.4, 3.0):
        for _ in range(4):
            assert flat.norm_found(flat.near(radius, rng)) <= bounds[radius]
        for _ in range(8):
            one, two = flat.near(radius, rng), flat.near(radius, rng)
            change = np.linalg.norm(flat.jacobian(one) - flat.jacobian(two), 2)
            assert change <= bounds[radius] * np.linalg.norm(one - two) * (1 + 1e-9)


def test_a_small_ball_costs_little():
    # Tightness away from the centre: the bound cannot jump.
    problem = problem_of(sf.models.shallow(32, activation=sf.Gelu(), weight_std=3.0))
    profile = curvature_profile(problem, problem.init(0))
    centre = profile(0.0).value
    assert profile(1e-6).value <= centre * (1 + 1e-4)
    assert profile(0.05).value <= 1.3 * centre


def test_linear_activation_gives_the_norm_of_the_inputs():
    # f = s sum_j a_j <w_j, x>, so D^2 f[u, u] = 2 s sum_j p_j <q_j, x>.
    problem = problem_of(
        sf.Serial(sf.Dense(6, parameterisation="unscaled"), sf.Identity(), sf.Dense(1))
    )
    expected = np.linalg.norm(problem.x, 2) / math.sqrt(6)
    for radius in (0.0, 5.0):
        bound = jacobian_lipschitz(problem, problem.init(0), radius)
        np.testing.assert_allclose(bound.value, expected, rtol=1e-9)


def test_one_sample_of_a_quadratic_network():
    # f = s sum_j a_j <w_j, x>^2 with the w_j trained: ||D^2 f|| = 2 s max|a_j| ||x||^2.
    network = sf.Serial(
        sf.Dense(6, parameterisation="unscaled"), sf.Quadratic(), sf.Dense(1, trained=False)
    )
    problem = sf.Problem(network, np.array([[1.0, -2.0, 0.5]]), np.ones(1))
    params = problem.init(0)
    expected = 2 / math.sqrt(6) * np.max(np.abs(params[2]["w"])) * 5.25
    np.testing.assert_allclose(jacobian_lipschitz(problem, params, 2.0).value, expected, rtol=1e-9)


@pytest.mark.parametrize(
    "network",
    [
        sf.Serial(sf.Dense(8, trained=False), sf.Relu(), sf.Dense(1)),
        sf.Serial(
            sf.Dense(8, trained=False),
            sf.Relu(),
            sf.Serial(sf.Dense(8, trained=False), sf.Tanh()),
            sf.Dense(2, bias_std=1.0),
        ),
        sf.Serial(sf.Dense(8, trained=False), sf.Tanh(), sf.Dense(1, trained=False)),
        sf.Serial(sf.Dense(2)),
    ],
    ids=["random features", "deep random features", "nothing trained", "linear"],
)
def test_affine_in_the_trained_parameters(network):
    problem = problem_of(network)
    bound = jacobian_lipschitz(problem, problem.init(0), 7.0)
    assert bound.value == 0.0
    assert "affine" in bound.source


@pytest.mark.parametrize(
    ("network", "name"),
    [
        (sf.Serial(sf.Dense(4), sf.LayerNorm(), sf.Tanh(), sf.Dense(1)), "LayerNorm"),
        (sf.Serial(sf.Dense(4), sf.Tanh(), sf.WeightNormDense(4), sf.Dense(1)), "WeightNormDense"),
        (sf.Serial(sf.Dense(4), sf.Tanh(), sf.MonotoneEquilibrium(4), sf.Dense(1)), "Monotone"),
    ],
    ids=["layer norm", "weight norm", "monotone equilibrium"],
)
def test_no_bound_is_known(network, name):
    problem = problem_of(network)
    params = problem.init(0)
    assert jacobian_lipschitz(problem, params) is None
    assert name in without_bound(problem, params)


def test_a_bound_is_known_behind_any_layer_that_is_not_trained():
    network = sf.Serial(sf.LayerNorm(), sf.Dense(6), sf.Tanh(), sf.Dense(6), sf.Tanh(), sf.Dense(1))
    problem = problem_of(network)
    params = problem.init(0)
    frozen = not any(leaf for leaf in jax.tree.leaves(network.trainable(params)[0]))
    assert (jacobian_lipschitz(problem, params) is not None) == frozen


@pytest.mark.parametrize("radius", [-1.0, math.nan, math.inf])
def test_a_radius_is_finite_and_not_negative(radius):
    problem = problem_of(sf.models.shallow(4))
    with pytest.raises(InvalidInputError, match=r"`jacobian_lipschitz\(radius=...\)` must be"):
        jacobian_lipschitz(problem, problem.init(0), radius)


FLOAT32_CALLER = """
import warnings; warnings.simplefilter("error")
import jax, numpy as np
import surefit as sf
from surefit.curvature import curvature_profile, jacobian_lipschitz, without_bound
p = sf.Problem(sf.models.shallow(8), np.eye(3), np.ones(3))
params = p.init(0)
value = jacobian_lipschitz(p, params, 0.1).value
profile = curvature_profile(p, params)
assert profile(0.1).value == value
assert not jax.config.jax_enable_x64
print(repr(value))
"""


def test_a_float32_caller_gets_the_same_number():
    run = subprocess.run(
        [sys.executable, "-c", FLOAT32_CALLER], check=True, capture_output=True, text=True
    )
    problem = sf.Problem(sf.models.shallow(8), np.eye(3), np.ones(3))
    expected = jacobian_lipschitz(problem, problem.init(0), 0.1).value
    np.testing.assert_allclose(float(run.stdout), expected, rtol=1e-12)
