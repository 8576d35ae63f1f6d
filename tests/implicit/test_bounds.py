"""Error bounds of Picard iteration: valid on random maps, attained by the worst one."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from surefit.activations import Identity, Relu, Tanh
from surefit.errors import InvalidInputError
from surefit.implicit import Picard, solve
from surefit.implicit.bounds import a_posteriori, a_priori, steps_needed
from surefit.implicit.reference import unrolled


@pytest.mark.parametrize("activation", [Relu(), Tanh()], ids=repr)
def test_both_bounds_are_valid(activation):
    q, m = 0.7, 8
    weights = jax.random.normal(jax.random.key(0), (m, m))
    weights = q * weights / jnp.linalg.norm(weights, 2)
    x = jax.random.normal(jax.random.key(1), (20, m))
    limit = solve(activation, Picard(), weights, x).state
    first = jnp.linalg.norm(activation(x), axis=1)
    for steps in (0, 1, 3, 10, 20):
        h = unrolled(activation, weights, x, steps)
        error = jnp.linalg.norm(h - limit, axis=1)
        residual = jnp.linalg.norm(activation(h @ weights.T + x) - h, axis=1)
        assert np.all(error <= a_priori(q, steps, first) + 1e-13)
        assert np.all(error <= a_posteriori(q, residual) + 1e-13)
        assert np.all(a_posteriori(q, residual) <= a_priori(q, steps, first) + 1e-13)


def test_the_linear_map_with_one_factor_attains_both_bounds():
    q = 0.9
    weights, x = q * jnp.eye(3), jnp.asarray([[1.0, -2.0, 0.5]])
    limit = x / (1 - q)
    for steps in (1, 7, 30):
        h = unrolled(Identity(), weights, x, steps)
        error = np.linalg.norm(h - limit)
        np.testing.assert_allclose(a_priori(q, steps, np.linalg.norm(x)), error, rtol=1e-12)
        residual = np.linalg.norm(h @ weights.T + x - h)
        np.testing.assert_allclose(a_posteriori(q, residual), error, rtol=1e-12)


def test_the_number_of_steps_is_the_least_that_is_enough():
    for q in (0.0, 1e-3, 0.5, 0.767, 0.999):
        for error in (0.3, 1e-3, 1e-12):
            steps = steps_needed(q, 1.0, error)
            assert a_priori(q, steps, 1.0) <= error
            assert steps == 0 or a_priori(q, steps - 1, 1.0) > error
    assert steps_needed(0.5, 0.0, 1e-3) == 0
    assert steps_needed(0.5, 1.0, 4.0) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: a_priori(1.0, 3, 1.0), r"`a_priori\(q=...\)` must lie in \[0, 1\). Got 1.0"),
        (lambda: a_priori(0.5, -1, 1.0), r"`a_priori\(steps=...\)` must be at least 0. Got -1"),
        (lambda: a_posteriori(1.3, 1.0), r"`a_posteriori\(q=...\)`.*Banach's theorem"),
        (lambda: steps_needed(-0.1, 1.0, 0.1), r"`steps_needed\(q=...\)` must lie.*Got -0.1"),
        (lambda: steps_needed(0.5, 1.0, 0.0), r"`steps_needed\(error=...\)` must be positive"),
    ],
)
def test_misuse_is_refused_with_the_reason(call, message):
    with pytest.raises(InvalidInputError, match=message):
        call()
