import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.layer import Layer
from surefit.curvature import linear_in_parameters, two_layer_view
from surefit.curvature.two_layer import TwoLayerCurvature


@dataclasses.dataclass(frozen=True)
class Doubled(Layer):
    """A layer without parameters."""

    def output_shape(self, input_shape):
        return input_shape

    def init(self, key, input_shape):
        return ()

    def apply(self, params, x):
        return 2.0 * x

    def kernel(self, k):
        raise NotImplementedError


def outputs(view):
    z = view.inputs @ view.weights.T
    return view.scale * np.asarray(view.activation(jnp.asarray(z))) @ view.output.T


def problem_of(network, inputs=3):
    rng = np.random.default_rng(0)
    k = network.output_shape((inputs,))[0]
    return sf.Problem(network, rng.normal(size=(7, inputs)), np.zeros((7, k)))


@pytest.mark.parametrize(
    "network",
    [
        sf.Serial(sf.Dense(4), sf.Gelu(), sf.Dense(2)),
        sf.Serial(sf.Dense(4, 2.0, 0.5), sf.Tanh(), sf.Dense(2, 3.0, parameterisation="standard")),
        sf.Serial(sf.Dense(4, bias_std=0.5, parameterisation="mean_field"), sf.Relu(), sf.Dense(1)),
        sf.Serial(sf.Serial(Doubled(), sf.Dense(4)), sf.Serial(sf.Tanh(), sf.Dense(2))),
        sf.Serial(sf.Dense(4, trained=False), sf.Tanh(), sf.Dense(2)),
        sf.models.two_layer(4, antisymmetric=True),
    ],
)
def test_the_view_computes_the_network(network):
    problem = problem_of(network)
    params = jax.tree.map(lambda a: a + 0.1, problem.init(3))
    view = two_layer_view(problem, params)
    np.testing.assert_allclose(outputs(view), problem.predict(params), atol=1e-12)
    assert view.width == 4
    np.testing.assert_allclose(view.preactivations, view.inputs @ view.weights.T)
    np.testing.assert_allclose(view.output_norms, np.linalg.norm(view.output, axis=0))


def test_output_bias_and_anchor_are_constants():
    network = sf.Centred(sf.Serial(sf.Dense(4), sf.Tanh(), sf.Dense(2, bias_std=1.0)))
    problem = problem_of(network)
    params = problem.init(0)
    moved = {**params, "network": jax.tree.map(lambda a: a * 1.5, params["network"])}
    view, start = two_layer_view(problem, moved), two_layer_view(problem, params)
    rest = problem.predict(moved) - (outputs(view) - outputs(start))
    np.testing.assert_allclose(rest, np.broadcast_to(rest[0], rest.shape), atol=1e-12)
    assert np.all(np.abs(rest[0]) > 1e-3)


@pytest.mark.parametrize(
    ("hidden", "output"), [(True, True), (True, False), (False, True), (False, False)]
)
def test_which_parts_are_trained(hidden, output):
    network = sf.Serial(sf.Dense(4, trained=hidden), sf.Tanh(), sf.Dense(1, trained=output))
    problem = problem_of(network)
    view = two_layer_view(problem, problem.init(0))
    assert (view.hidden_trained, view.output_trained) == (hidden, output)
    assert linear_in_parameters(problem, problem.init(0)) is not hidden


@pytest.mark.parametrize(
    "network",
    [
        sf.Dense(2),
        sf.Serial(sf.Dense(2)),
        sf.Serial(sf.Dense(4), sf.Tanh(), sf.Dense(4), sf.Tanh(), sf.Dense(1)),
        sf.Serial(sf.Dense(4), sf.Tanh(), sf.Tanh(), sf.Dense(1)),
        sf.Serial(sf.Tanh(), sf.Dense(4), sf.Tanh(), sf.Dense(1)),
        sf.Serial(sf.Residual(sf.Dense(3)), sf.Tanh(), sf.Dense(1)),
    ],
)
def test_other_networks_have_no_view(network):
    problem = problem_of(network)
    assert two_layer_view(problem, problem.init(0)) is None


@pytest.mark.parametrize("trained", [True, False])
def test_pruning_changes_nothing(trained):
    # The maximum over all features with the sharp bound, against the one that skips most of them.
    network = sf.Serial(sf.Dense(40, 3.0), sf.Tanh(), sf.Dense(2, trained=trained))
    problem = problem_of(network, inputs=6)
    view = two_layer_view(problem, problem.init(5))
    curvature = TwoLayerCurvature(view)
    for radius in (1.0, 0.3, 0.0):
        every = curvature._blocks(radius, np.arange(40), sharp=True)
        np.testing.assert_allclose(curvature(radius), view.scale * np.max(every), rtol=1e-6)
