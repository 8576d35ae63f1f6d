"""Equilibria inside of networks: found, named, checked."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.layer import Layer
from surefit.equilibria import equilibria, equilibrium_places, well_posedness
from surefit.training.preactivations import preactivations

M = 6
X = np.random.default_rng(0).normal(size=(5, 3))


def inner(activation=None, gamma=0.2, **options):
    return sf.Equilibrium(M, activation or sf.Tanh(), gamma, **options)


def through(layer):
    return sf.Serial(sf.Dense(M), layer, sf.Dense(1))


NETWORKS = {
    "serial": (through(inner()), ("1",)),
    "papers": (sf.models.implicit_relu(M, 0.2), ("2/0/0",)),
    "two": (
        sf.Serial(sf.Dense(M), sf.Sum(inner(), sf.Serial(sf.Tanh(), inner())), sf.Dense(1)),
        ("1/0", "1/1/1"),
    ),
    "residual": (through(sf.Residual(sf.Serial(inner(), sf.Dense(M)), 0.5)), ("1/0",)),
    "centred": (sf.Serial(sf.Centred(through(inner()))), ("0/network/1",)),
    "antisymmetric": (
        sf.Antisymmetric(
            sf.Serial(sf.Dense(M), inner(), sf.Dense(4), sf.Relu(), sf.Dense(1)),
        ),
        ("1",),
    ),
    "linearised": (sf.layers.Linearised(through(inner())), ("anchor/1",)),
    "monotone": (through(sf.MonotoneEquilibrium(M, sf.Relu())), ("1",)),
    "none": (through(sf.Tanh()), ()),
}


def leaf_at(params, place):
    for key in place.split("/"):
        params = params[int(key) if key.isdigit() else key]
    return params


@pytest.mark.parametrize("name", NETWORKS)
def test_every_equilibrium_is_found_with_its_state(name):
    network, places = NETWORKS[name]
    params = network.init(jax.random.key(0), (3,))
    assert equilibrium_places(network) == places
    found = equilibria(network, params, jnp.asarray(X))
    assert tuple(each.place for each in found) == places
    for each in found:
        assert leaf_at(params, each.place) is each.params
        if name != "monotone":
            np.testing.assert_array_equal(each.weights, 0.2 / np.sqrt(M) * each.params["w"])
        h, activation = each.solution.state, each.layer.activation
        gap = np.linalg.norm(h - activation(each.preactivations), axis=1)
        np.testing.assert_allclose(each.residuals, gap / np.linalg.norm(h, axis=1), rtol=1e-10)
        # Solvers stop at 32 units; the state that they return is one application further.
        assert each.residuals.shape == (5,) and each.residuals.max() < 64 * np.finfo(float).eps
    checks = well_posedness(network, params, X)
    assert len(checks) == 5 * len(places)
    if name == "monotone":
        # By construction, whatever the norm; at most 1 - margin.
        assert checks[0].holds is False and checks[2].holds and checks[4].holds
        assert checks[2].value <= 0.9 * (1 + 1e-12)
    else:
        assert all(check.holds for check in checks)
    assert all(check.name.startswith(places[i // 5]) for i, check in enumerate(checks)) == (
        len(places) > 1 or not places
    )


def test_what_flows_into_an_equilibrium():
    network = through(inner())
    params = network.init(jax.random.key(1), (3,))
    (found,) = equilibria(network, params, jnp.asarray(X))
    np.testing.assert_allclose(found.inputs, X @ params[0]["w"].T / np.sqrt(3), rtol=1e-13)
    np.testing.assert_allclose(
        network.apply(params, jnp.asarray(X)),
        found.solution.state @ params[2]["w"].T / np.sqrt(M),
        rtol=1e-12,
    )
    # A zero state has a residual in absolute terms.
    still = equilibria(network, jax.tree.map(jnp.zeros_like, params), jnp.asarray(X))[0]
    assert not still.solution.state.any() and not still.residuals.any()


def test_the_same_inside_of_compiled_code():
    network, _ = NETWORKS["two"]
    params = network.init(jax.random.key(2), (3,))

    def states(params):
        return [each.solution.state for each in equilibria(network, params, jnp.asarray(X))]

    for eager, compiled in zip(states(params), jax.jit(states)(params), strict=True):
        np.testing.assert_allclose(eager, compiled, rtol=1e-13)


@pytest.mark.parametrize("name", ["serial", "monotone"])
def test_preactivations_are_those_of_the_state_at_rest(name):
    network, _ = NETWORKS[name]
    params = network.init(jax.random.key(3), (3,))
    (seen,) = preactivations(network, params, jnp.asarray(X))
    (found,) = equilibria(network, params, jnp.asarray(X))
    np.testing.assert_allclose(seen, found.preactivations, rtol=1e-12, atol=1e-13)


def test_preactivations_in_the_order_of_evaluation():
    network, _ = NETWORKS["two"]
    params = network.init(jax.random.key(3), (3,))
    seen = preactivations(network, params, jnp.asarray(X))
    first, second = (each.preactivations for each in equilibria(network, params, jnp.asarray(X)))
    assert len(seen) == 3
    for ours, due in zip(seen, (first, seen[1], second), strict=True):
        np.testing.assert_allclose(ours, due, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(seen[1], X @ params[0]["w"].T / np.sqrt(3), rtol=1e-12)


@dataclasses.dataclass(frozen=True)
class _Twice(Layer):
    """A composition that nobody knows."""

    layers: tuple = (sf.Dense(2), inner())

    def output_shape(self, input_shape):
        return input_shape

    def init(self, key, input_shape):
        return self.layers[1].init(key, input_shape)

    def apply(self, params, x):
        return self.layers[1].apply(params, self.layers[1].apply(params, x))

    def kernel(self, k):
        raise NotImplementedError


def test_an_equilibrium_that_would_be_missed_is_refused():
    network = through(_Twice())
    params = network.init(jax.random.key(0), (3,))
    for call in (
        lambda: equilibrium_places(network),
        lambda: equilibria(network, params, jnp.asarray(X)),
        lambda: well_posedness(network, params, X),
    ):
        with pytest.raises(sf.errors.InvalidInputError, match="Got an equilibrium inside `_Tw"):
            call()


def test_a_network_beyond_contraction():
    # gamma above 1/sqrt(2): no condition on the weights holds, every sample is proved.
    with pytest.warns(sf.layers.EquilibriumWarning):
        network = sf.models.implicit_relu(96, 0.85)
    problem = sf.Problem(network, np.eye(4), np.ones(4))
    params = problem.init(1)
    *sufficient, measured, existence = well_posedness(network, params, problem.x)
    assert [check.holds for check in sufficient] == [False, False, False]
    assert measured.holds is True and existence.holds is True and existence.value == 4.0
    # In float32 mode and with float32 parameters as well.
    with jax.enable_x64(False):
        single = jax.tree.map(lambda leaf: jnp.asarray(np.asarray(leaf), jnp.float32), params)
        assert well_posedness(network, single, np.eye(4))[-1].holds is True


def test_samples_that_do_not_converge_are_named():
    with pytest.warns(sf.layers.EquilibriumWarning):
        layer = sf.Equilibrium(1, sf.Relu(), 2.0)
    params = {"w": jnp.ones((1, 1))}
    # h = max(2h + x, 0): for x > 0 there is none, for x <= 0 it is 0.
    x = np.array([[-1.0], [1.0], [-0.5], [2.0]])
    existence = well_posedness(layer, params, x)[-1]
    assert existence.holds is None and existence.value == 2.0
    assert "not proved: rows [1, 3]" in existence.note
