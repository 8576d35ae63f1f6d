"""Which solver finds the equilibrium, in how many steps, and where none exists."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Relu, Tanh
from surefit.implicit import Anderson, ForwardBackward, Newton, PeacemanRachford, Picard, solve
from surefit.implicit.monotone import resolvent, strength


def draw(gamma, m=512, n=4, seed=0):
    key_a, key_w = jax.random.split(jax.random.key(seed))
    weights = gamma / np.sqrt(m) * jax.random.normal(key_a, (m, m))
    return weights, jnp.maximum(jax.random.normal(key_w, (n, m)), 0) / np.sqrt(m)


@pytest.mark.parametrize(("gamma", "steps"), [(0.1, 13), (0.25, 20), (0.45, 30)])
def test_iterations_to_1e_12(gamma, steps):
    solution = solve(Relu(), Picard(1e-12), *draw(gamma))
    assert np.all(np.abs(np.asarray(solution.steps) - steps) <= 2)


def test_an_operator_norm_above_1_is_no_obstacle_until_it_is():
    counts = {}
    for gamma in (0.8, 1.1, 1.3):
        weights, x = draw(gamma)
        assert np.linalg.norm(weights, 2) > 1.5
        counts[gamma] = solve(Relu(), Picard(1e-12, 400), weights, x)
    assert np.all(counts[0.8].converged) and np.all(counts[1.1].converged)
    assert np.all(counts[0.8].steps < 90)
    assert not np.any(counts[1.3].converged) and np.all(counts[1.3].steps == 400)


def test_anderson_takes_fewer_steps_than_picard_where_the_map_hardly_contracts():
    weights, x = draw(1.1, 100)
    plain, fast = (solve(Relu(), s, weights, x) for s in (Picard(1e-12, 5000), Anderson(1e-12)))
    assert np.all(plain.converged) and np.all(fast.converged)
    assert np.all(np.asarray(fast.steps) < 0.9 * np.asarray(plain.steps))
    np.testing.assert_allclose(fast.state, plain.state, atol=1e-10)


def equilibria_by_enumeration(weights, x):
    """All equilibria of a rectified map: the linear piece of every sign pattern."""
    m = x.size
    found = []
    for signs in itertools.product((0.0, 1.0), repeat=m):
        h = np.linalg.solve(np.eye(m) - np.asarray(signs)[:, None] * weights, signs * x)
        if np.linalg.norm(np.maximum(weights @ h + x, 0) - h) <= 1e-9 * np.linalg.norm(h):
            found.append(h)
    return found


def test_newton_finds_equilibria_of_expanding_maps_wherever_there_are_any():
    # gamma = 1.3: the operator norm is about 2.6, and Picard iteration finds less than half.
    rng = np.random.default_rng(0)
    m, run = 7, jax.jit(Newton().solve, static_argnums=0)
    exist = picard = 0
    for _ in range(30):
        weights = 1.3 / np.sqrt(m) * rng.normal(size=(m, m))
        x = np.maximum(rng.normal(size=m), 0)
        every = equilibria_by_enumeration(weights, x)
        solution = run(Relu(), jnp.asarray(weights), jnp.asarray(x[None]), jnp.zeros((1, m)))
        assert bool(solution.converged[0]) == bool(every)
        if every:
            exist += 1
            assert min(np.abs(h - solution.state[0]).max() for h in every) <= 1e-12
            picard += bool(solve(Relu(), Picard(1e-12, 400), jnp.asarray(weights),
                                 jnp.asarray(x[None])).converged[0])  # fmt: skip
    assert exist >= 15 and picard < exist


def test_newton_ends_in_finitely_many_steps_on_piecewise_linear_maps():
    weights, x = draw(0.45, 64)
    solution = solve(Relu(), Newton(), weights, x)
    # The last step lands on the equilibrium itself: what is left is rounding.
    assert np.all(solution.steps <= 6) and np.all(solution.residual <= 1e-15)
    cold = solve(Relu(), Picard(), weights, x)
    np.testing.assert_allclose(solution.state, cold.state, atol=1e-14)


def monotone(m, margin, scale, seed=0):
    a, b = scale / np.sqrt(m) * np.random.default_rng(seed).normal(size=(2, m, m))
    return jnp.asarray((1 - margin) * np.eye(m) - a.T @ a + b - b.T)


@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=lambda a: type(a).__name__)
def test_splitting_converges_at_the_stated_rates_where_picard_diverges(activation):
    weights = monotone(20, 0.5, 1.5)
    x = jnp.asarray(np.random.default_rng(1).normal(size=(3, 20)))
    limit = solve(activation, Newton(), weights, x)
    assert np.all(limit.converged)
    assert not np.any(solve(activation, Picard(), weights, x).converged)
    operator = np.eye(20) - np.asarray(weights)
    mu = np.linalg.eigvalsh(operator + operator.T)[0] / 2
    size = np.linalg.norm(operator, 2)
    assert mu >= 0.5 - 1e-12
    # The bounds of the docstrings, from the state 0 whose companion is u = alpha x.
    for solver, rate in (
        (PeacemanRachford(1e-12, 5000), np.sqrt((size - mu) / (size + mu))),
        (ForwardBackward(1e-12, 50000), np.sqrt(1 - (mu / size) ** 2)),
    ):
        solution = solve(activation, solver, weights, x)
        assert np.all(solution.converged)
        np.testing.assert_allclose(solution.state, limit.state, atol=1e-10)
        # 1e-12 of the residual, which is at most L + 1 times the error, and a start within 1e2.
        allowed = np.log(1e-15 / size) / np.log(rate) + 10
        assert np.all(np.asarray(solution.steps) <= allowed)


def test_strength_is_that_of_the_operator():
    weights = monotone(30, 0.2, 1.0)
    operator = np.eye(30) - np.asarray(weights)
    smallest, norm = strength(weights)
    np.testing.assert_allclose(smallest, np.linalg.eigvalsh(operator + operator.T)[0] / 2)
    exact = np.linalg.norm(operator, 2)
    assert 0.9 * exact <= norm <= exact * (1 + 1e-12)


@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=lambda a: type(a).__name__)
@pytest.mark.parametrize("alpha", [0.05, 0.7, 1.0, 6.0])
def test_the_resolvent_solves_its_inclusion(activation, alpha):
    u = jnp.linspace(-4.0, 4.0, 101).reshape(1, -1)
    z = resolvent(activation, jnp.asarray(alpha), u)
    # z = phi(t), and t - z is an element of the subdifferential at z: z + alpha (t - z) = u.
    t = z + (u - z) / alpha
    np.testing.assert_allclose(activation(t), z, atol=1e-13)
