"""Steps that keep the signs of all pre-activations in the linear model."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree

import surefit as sf
from surefit.polishing import PolishStatus, polish, stepping
from surefit.polishing.kinks import step_between_kinks
from surefit.polishing.systems import DenseSystem
from surefit.training.preactivations import preactivations

RELU = sf.Serial(sf.Dense(24), sf.Relu(), sf.Dense(16), sf.Relu(), sf.Dense(1))
IMPLICIT = sf.models.implicit_relu(24, gamma=0.3)
NETWORKS = [RELU, sf.Centred(RELU), IMPLICIT]


def data(n=8):
    rng = np.random.default_rng(5)
    x = rng.normal(size=(n, 5))
    return x / np.linalg.norm(x, axis=1, keepdims=True), np.sign(rng.normal(size=n))


def _flat_maps(problem, params):
    """Outputs and pre-activations as functions of one vector, by the monitors' reader."""
    moving, fixed = problem.split(params)
    flat, unravel = ravel_pytree(moving)

    def whole(v):
        return eqx.combine(unravel(v), fixed)

    def signs(v):
        found = preactivations(problem.network, whole(v), problem.x)
        return jnp.concatenate([z.reshape(len(problem.x), -1) for z in found], 1).reshape(-1)

    return flat, lambda v: problem.network.apply(whole(v), problem.x).reshape(-1), signs


@pytest.mark.parametrize("network", NETWORKS)
def test_the_linear_model_of_the_step(network):
    problem = sf.Problem(network, *data())
    params = problem.init(1)
    r, gram = np.asarray(problem.residual(params)), np.asarray(problem.gram(params))
    damping = 1e-6 * np.trace(gram)
    inverse = DenseSystem(gram).factor(damping)
    after, predicted = step_between_kinks(problem, params, r, inverse, damping)
    flat, outputs, signs = _flat_maps(problem, params)
    step = ravel_pytree(problem.split(after)[0])[0] - flat
    # The residual of the linear model, and no sign changed in that of the pre-activations.
    change = jax.jvp(outputs, (flat,), (step,))[1]
    np.testing.assert_allclose(r + change, predicted, atol=1e-7 * np.linalg.norm(r))
    z, dz = jax.jvp(signs, (flat,), (step,))
    assert np.all((z + dz) * z >= -1e-12)
    # The plain step does change signs here, so the test says something.
    plain = -jax.vjp(outputs, flat)[1](jnp.linalg.solve(gram + damping * jnp.eye(8), r))[0]
    z, dz = jax.jvp(signs, (flat,), (plain,))
    assert np.any((z + dz) * z < 0)


def test_smooth_networks_have_no_kinks_to_keep_away_from():
    for network in (sf.models.shallow(8), sf.models.implicit_linear(8, activation=sf.Tanh())):
        problem = sf.Problem(network, *data())
        params = problem.init(0)
        r = np.asarray(problem.residual(params))
        assert step_between_kinks(problem, params, r, lambda v: v, 1.0) is None


@pytest.mark.slow
def test_narrow_rectified_networks_are_polished(monkeypatch):
    # An untrained start: plain steps stop on a kink.
    problem = sf.Problem(sf.models.shallow(24, 1, sf.Relu(), antisymmetric=False), *data(24))
    params, done = polish(problem, problem.init(0), jitters=0)
    assert done.certified, done.message
    assert sf.certify(problem, params).holds
    monkeypatch.setattr(stepping, "step_between_kinks", lambda *arguments: None)
    _, plain = polish(problem, problem.init(0), jitters=0)
    assert not plain.certified and plain.steps[-1].residual > 1.0


def near_a_kink(distance):
    """An exact fit with a neuron that far from its kink on a sample."""
    x, _ = data(6)
    network = sf.models.shallow(24, 1, sf.Relu(), antisymmetric=False)
    params = network.init(jax.random.key(0), (5,))
    w = np.array(params[0]["w"])
    w[3] -= (w[3] @ x[0] - distance) * x[0]
    params = ({**params[0], "w": jnp.asarray(w)}, *params[1:])
    y = np.asarray(network.apply(params, jnp.asarray(x)))
    return sf.Problem(network, x, np.nextafter(y, np.inf)), params


def test_an_exact_fit_on_a_kink_is_moved_off_it():
    problem, params = near_a_kink(0.0)
    assert not sf.certify(problem, params).holds
    _, stuck = polish(problem, params, jitters=0)
    assert not stuck.certified and stuck.status is PolishStatus.REACHED
    moved, done = polish(problem, params)
    assert done.certified and done.jitters == 1, done.message
    assert sf.certify(problem, moved).holds


def test_weights_with_a_certificate_are_kept_where_leaving_a_kink_leads_to_none():
    problem, params = near_a_kink(1e-11)  # nearer than rounding need be, but a certificate holds
    clear, done = polish(problem, params, condition=0.5)
    assert done.certified and done.jitters == 1
    assert done.relative_distance > 1e-6 and sf.certify(problem, clear).holds
    # No step is left behind the perturbation.
    kept, done = polish(problem, params, condition=0.5, steps=1)
    assert done.certified and done.jitters == 0 and len(done.steps) == 1, done.message
    assert done.distance == 0.0 and all(map(np.array_equal, *map(jax.tree.leaves, (kept, params))))
    assert sf.certify(problem, kept).holds


def test_smooth_networks_never_restore_the_matrix(monkeypatch):
    problem = sf.Problem(sf.models.shallow(32), *data())
    asked = []
    gram = DenseSystem.gram.fget
    monkeypatch.setattr(DenseSystem, "gram", property(lambda self: asked.append(0) or gram(self)))
    _, done = polish(problem, problem.init(0))
    assert done.certified
    assert len(asked) <= len(done.steps)  # once for the eigenvalues of each
