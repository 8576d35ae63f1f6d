"""Equilibria and adjoints that begin where the previous training step left them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.tree import add_scaled
from surefit.implicit import Picard
from surefit.implicit.warm import Dual, cold_hint, warm_starts
from surefit.training.evaluation import cold_hints, evaluate

STEP = 0.02


def implicit_problem(network, outputs=1, n=12, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 5))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return sf.Problem(network, x, rng.normal(size=(n, outputs)))


NETWORKS = {
    "paper": (sf.models.implicit_relu(40, 0.3), 1),
    "smooth, two outputs": (
        sf.Serial(sf.Dense(24), sf.Equilibrium(24, sf.Tanh(), 0.4), sf.Dense(2)), 2
    ),
    "two equilibria": (
        sf.Serial(sf.Dense(16), sf.Equilibrium(16), sf.Dense(20), sf.Equilibrium(20), sf.Dense(1)),
        1,
    ),
    "centred": (sf.layers.Centred(sf.models.implicit_relu(20, 0.3)), 1),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_warm_and_cold_starts_train_alike(name):
    network, outputs = NETWORKS[name]
    problem = implicit_problem(network, outputs)
    moving, fixed = problem.split(problem.init(0))
    cold = warm = moving
    state = evaluate(problem, moving, fixed, cold_hints(problem, moving, fixed))

    @jax.jit
    def both(cold, warm, state):
        cold = add_scaled(cold, -STEP, evaluate(problem, cold, fixed).gradient)
        warm = add_scaled(warm, -STEP, state.gradient)
        return cold, warm, evaluate(problem, warm, fixed, state.hints)

    for _ in range(20):
        cold, warm, state = both(cold, warm, state)
    for a, b in zip(jax.tree.leaves(cold), jax.tree.leaves(warm), strict=True):
        assert np.max(np.abs(a - b)) < 1e-11


def test_warm_starts_save_iterations_in_both_directions():
    layer = sf.Equilibrium(200, weight_std=0.3)
    problem = implicit_problem(sf.Serial(sf.Dense(200), layer, sf.Dense(1)))
    params = problem.init(0)
    moving, fixed = problem.split(params)
    state = evaluate(problem, moving, fixed, cold_hints(problem, moving, fixed))
    for _ in range(3):
        moving = add_scaled(moving, -STEP, state.gradient)
        state = evaluate(problem, moving, fixed, state.hints)
    moving = add_scaled(moving, -STEP, state.gradient)
    hint = state.hints[0]
    x = problem.network.layers[0].apply(moving[0], problem.x)
    matrix = layer.matrix(moving[1])
    solver = Picard()
    cold = solver.solve(layer.activation, matrix, x, jnp.zeros_like(x))
    warm = solver.solve(layer.activation, matrix, x, hint.start())
    last = solver.solve(layer.activation, matrix, x, hint.state)
    assert warm.steps.max() < last.steps.max() < cold.steps.max()
    slope = layer.activation.derivative(cold.state @ matrix.T + x)
    # What the loss sends back: with one output a multiple of one vector.
    residual = problem.residual(moving)
    cotangent = residual[:, None] * moving[2]["w"] / 200**0.5
    begun = solver.solve_linear(matrix, slope, cotangent, True, hint.dual.start(cotangent))
    unbegun = solver.solve_linear(matrix, slope, cotangent, True)
    assert begun.steps.max() < unbegun.steps.max()
    assert np.allclose(begun.state, unbegun.state, rtol=0, atol=1e-12)


def test_the_scale_of_an_adjoint_follows_its_right_hand_side():
    rng = np.random.default_rng(0)
    adjoint, cotangent = jnp.asarray(rng.normal(size=(2, 3, 4)))
    factors = jnp.array([[2.0], [-0.5], [0.0]])
    begun = Dual(adjoint, cotangent).start(factors * cotangent)
    assert np.allclose(begun, factors * adjoint, rtol=1e-14)
    nothing = cold_hint((3, 4), jnp.float64)
    assert not np.any(nothing.dual.start(cotangent))
    assert not np.any(nothing.start())


def test_networks_without_an_equilibrium_keep_no_hints(small):
    moving, fixed = small.split(small.init(0))
    assert cold_hints(small, moving, fixed) == ()
    assert evaluate(small, moving, fixed).hints == ()


def test_the_context_ends_with_its_block():
    network = sf.models.implicit_relu(8)
    params = network.init(jax.random.key(0), (3,))
    x = jnp.ones((2, 3))
    outside = network.apply(params, x)
    with pytest.raises(RuntimeError, match="on purpose"), warm_starts(None) as warm:
        network.apply(params, x)
        raise RuntimeError("on purpose")
    assert [shape.shape for shape in warm.shapes] == [(2, 8)]
    assert np.array_equal(network.apply(params, x), outside)


def test_training_an_implicit_network_resumes_bit_by_bit(tmp_path):
    problem = implicit_problem(sf.models.implicit_relu(24, 0.2))
    params = problem.init(0)
    whole, expected = sf.train(problem, params, steps=40, monitors=[])
    sf.train(problem, params, steps=17, monitors=[], checkpoint=tmp_path)
    parts, found = sf.train(problem, params, steps=40, monitors=[], checkpoint=tmp_path)
    for a, b in zip(jax.tree.leaves(whole), jax.tree.leaves(parts), strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(expected["loss"].values, found["loss"].values)
