"""Gradients of equilibria against autodiff through 200 layers, dense solves, finite differences."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surefit.activations import Relu, Softplus, Tanh
from surefit.implicit import Anderson, Newton, PeacemanRachford, Picard, equilibrium, solve
from surefit.implicit.reference import dense_gradients, unrolled

N, M, LAYERS = 5, 40, 200


def draw(norm, n=N, m=M, seed=0):
    """Weights of a given operator norm, rectified inputs and cotangents."""
    keys = jax.random.split(jax.random.key(seed), 3)
    weights = jax.random.normal(keys[0], (m, m))
    weights = norm * weights / jnp.linalg.norm(weights, 2)
    x = jnp.maximum(jax.random.normal(keys[1], (n, m)), 0) / np.sqrt(m)
    return weights, x, jax.random.normal(keys[2], (n, m))


def implicit_gradients(activation, solver, weights, x, cotangent):
    return jax.grad(
        lambda w, x: jnp.sum(cotangent * equilibrium(activation, solver, True, w, x)), (0, 1)
    )(weights, x)


def unrolled_gradients(activation, weights, x, cotangent):
    return jax.grad(lambda w, x: jnp.sum(cotangent * unrolled(activation, w, x, LAYERS)), (0, 1))(
        weights, x
    )


def close(found, expected, tolerance):
    for a, b in zip(found, expected, strict=True):
        assert np.linalg.norm(a - b) <= tolerance * np.linalg.norm(b)


SOLVERS = [Picard(), Anderson(), Newton(), PeacemanRachford()]


@pytest.mark.parametrize("solver", SOLVERS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=lambda a: type(a).__name__)
def test_gradients_agree_with_autodiff_through_200_layers(activation, solver):
    # The size of the printed example: n = 5, m = 40, operator norm 0.767.
    weights, x, cotangent = draw(0.767)
    expected = unrolled_gradients(activation, weights, x, cotangent)
    close(implicit_gradients(activation, solver, weights, x, cotangent), expected, 1e-13)


def test_dense_solves_agree_with_autodiff():
    weights, x, cotangent = draw(0.767)
    state = unrolled(Relu(), weights, x, LAYERS)
    found = dense_gradients(Relu(), weights, x, state, cotangent)
    close(found, unrolled_gradients(Relu(), weights, x, cotangent), 1e-13)


@settings(max_examples=8, deadline=None, derandomize=True)
@given(
    activation=st.sampled_from([Relu(), Tanh(), Softplus()]),
    solver=st.sampled_from(SOLVERS),
    width=st.sampled_from([1, 8]),
    norm=st.floats(0.05, 0.8),
    seed=st.integers(0, 5),
)
def test_unrolled_implicit_and_finite_differences_agree(activation, solver, width, norm, seed):
    weights, x, cotangent = draw(norm, 2, width, seed)
    # Away from the kinks of ReLU, where differences over 2e-6 would straddle one.
    state = solve(activation, solver, weights, x).state
    x = x + jnp.where(jnp.abs(state @ weights.T + x) < 1e-4, 1e-3, 0.0)
    found = implicit_gradients(activation, solver, weights, x, cotangent)
    for a, b in zip(found, unrolled_gradients(activation, weights, x, cotangent), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    way = jnp.cos(jnp.arange(0.5, weights.size)).reshape(weights.shape)
    step = 1e-6
    ahead, behind = (
        jnp.sum(cotangent * solve(activation, solver, weights + s * way, x).state)
        for s in (step, -step)
    )
    slope = float(jnp.sum(found[0] * way))
    # Rounding of 1e-15 over a step of 1e-6, and the third derivative.
    assert abs((ahead - behind) / (2 * step) - slope) <= 1e-6 * (1 + abs(slope))


@pytest.mark.parametrize("solver", [Picard(), Newton()], ids=lambda s: type(s).__name__)
def test_second_derivatives_agree_with_autodiff(solver):
    weights, x, cotangent = draw(0.6, 2, 4)

    def implicit(t):
        return jnp.sum(cotangent * equilibrium(Tanh(), solver, True, t.reshape(4, 4), x) ** 2)

    def explicit(t):
        return jnp.sum(cotangent * unrolled(Tanh(), t.reshape(4, 4), x, LAYERS) ** 2)

    expected = jax.hessian(explicit)(weights.ravel())
    np.testing.assert_allclose(jax.hessian(implicit)(weights.ravel()), expected, atol=1e-12)


def test_forward_and_reverse_mode_agree_and_compose_with_vmap():
    weights, x, cotangent = draw(0.767)

    def states(w, x):
        return equilibrium(Relu(), Picard(), True, w, x)

    tangents = (jnp.cos(jnp.arange(0.0, M * M)).reshape(M, M), jnp.sin(cotangent))
    _, forward = jax.jvp(states, (weights, x), tangents)
    _, pull = jax.vjp(states, weights, x)
    backward = sum(jnp.vdot(a, b) for a, b in zip(pull(cotangent), tangents, strict=True))
    np.testing.assert_allclose(jnp.vdot(cotangent, forward), backward, rtol=1e-12)
    stacked = jnp.stack([weights, 0.5 * weights])
    many = jax.jit(jax.vmap(lambda w: jax.vjp(states, w, x)[1](cotangent)[1]))(stacked)
    np.testing.assert_allclose(many[0], pull(cotangent)[1], rtol=1e-11, atol=1e-13)


def test_the_adjoint_after_k_steps_falls_like_the_printed_errors():
    # Relative errors of k steps of lambda <- c + W^T D lambda, from lambda = 0.
    steps = np.array([1, 2, 4, 8, 16, 32])
    printed = np.array([1.2e-1, 3.9e-2, 4.5e-3, 4.9e-5, 1.3e-8, 2.5e-15])
    errors = []
    for seed in range(6):
        weights, x, _ = draw(0.767, seed=seed)
        u = jnp.where(jax.random.bernoulli(jax.random.key(seed), shape=(N, M)), 1.0, -1.0)
        slope = Relu().derivative(unrolled(Relu(), weights, x, LAYERS) @ weights.T + x)
        matrices = np.eye(M) - np.asarray(slope)[:, :, None] * np.asarray(weights)
        exact = np.linalg.solve(matrices.transpose(0, 2, 1), np.asarray(u)[:, :, None])[:, :, 0]
        adjoint, found = jnp.zeros_like(u), []
        for k in range(1, 33):
            adjoint = u + (slope * adjoint) @ weights
            if k in steps:
                found.append(np.linalg.norm(adjoint - exact) / np.linalg.norm(exact))
        errors.append(found)
    mean = np.exp(np.mean(np.log(np.maximum(errors, 1e-17)), axis=0))
    # Rates per step: between about 0.32 at first and 0.36 later; draws differ by some percent.
    rates = (mean[1:-1] / mean[:-2]) ** (1 / np.diff(steps[:-1]))
    due = (printed[1:-1] / printed[:-2]) ** (1 / np.diff(steps[:-1]))
    np.testing.assert_allclose(rates, due, rtol=0.25)
    assert mean[-1] <= 1e-13


def test_the_slope_of_the_rectifier_at_0_is_0():
    # x = 0 in the first feature: the state does not move with it, in either direction.
    weights, x = jnp.zeros((2, 2)), jnp.asarray([[0.0, 1.0]])
    jacobian = jax.jacobian(lambda x: equilibrium(Relu(), Picard(), True, weights, x))(x)
    np.testing.assert_array_equal(jacobian[0, :, 0, :], [[0.0, 0.0], [0.0, 1.0]])
