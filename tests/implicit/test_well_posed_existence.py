"""Existence of the equilibrium of one sample, with a bound on the distance from its state."""

import dataclasses

import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

import surefit as sf
from surefit.activations import Activation
from surefit.implicit import Picard, solve
from surefit.implicit.well_posedness import (
    existence_check,
    monotone_check,
    operator_norm_check,
    perron_frobenius_check,
)
from surefit.implicit.well_posedness.inverse import verified_inverse
from surefit.implicit.well_posedness.linear_piece import linear_piece_distance
from surefit.implicit.well_posedness.newton_kantorovich import newton_kantorovich_distance

RELU, TANH = sf.Relu(), sf.Tanh()


def case(activation, m=8, gamma=0.9, seed=0, n=3):
    """Weights of operator norm above 1, inputs, and states that Picard iteration finds."""
    rng = np.random.default_rng(seed)
    weights = gamma / np.sqrt(m) * rng.normal(size=(m, m))
    x = rng.normal(size=(n, m))
    found = solve(activation, Picard(), jnp.asarray(weights), jnp.asarray(x))
    assert found.converged.all() and np.linalg.norm(weights, 2) > 1
    return weights, x, np.asarray(found.state)


def exact(weights, x, state, function):
    """The equilibrium next to the state to 40 digits, by the map itself."""
    with mpmath.workdps(40):
        w = mpmath.matrix(weights.tolist())
        h = mpmath.matrix(state.tolist())
        add = mpmath.matrix(x.tolist())
        for _ in range(600):
            new = (w * h + add).apply(function)
            if mpmath.norm(new - h) < mpmath.mpf(10) ** -35:
                return np.array([float(value) for value in new])
            h = new
    raise AssertionError("did not converge")


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slope", [0.0, 0.3, -0.5])
def test_the_distance_to_a_linear_piece_is_valid_and_tight(slope, seed):
    activation = sf.LeakyRelu(slope)
    weights, x, states = case(activation, seed=seed, gamma=0.7 if slope else 0.9)
    for row, state in zip(x, states, strict=True):
        truth = exact(weights, row, state, lambda z: z if z > 0 else slope * z)
        assert np.linalg.norm(truth - state) <= linear_piece_distance(
            weights, (slope, 1.0), row, state
        )
        # Displaced by more than rounding and by less than any pre-activation has to zero.
        moved = state + 1e-7 * np.random.default_rng(seed).normal(size=state.shape)
        image = np.asarray(activation(jnp.asarray(weights @ moved + row)))
        distance, bound = (
            np.linalg.norm(truth - image),
            linear_piece_distance(weights, (slope, 1.0), row, moved),
        )
        assert distance <= bound < 1.001 * distance


@pytest.mark.parametrize("seed", range(3))
def test_the_distance_by_newton_kantorovich_is_valid_and_tight(seed):
    weights, x, states = case(TANH, seed=seed)
    for row, state in zip(x, states, strict=True):
        truth = exact(weights, row, state, mpmath.tanh)
        found = newton_kantorovich_distance(weights, TANH, row, state)
        assert np.linalg.norm(truth - state) <= found < 1e-12
        moved = state + 1e-7 * np.random.default_rng(seed).normal(size=state.shape)
        distance = np.linalg.norm(truth - moved)
        assert distance <= newton_kantorovich_distance(weights, TANH, row, moved) < 2.01 * distance


def test_a_state_on_another_linear_piece_proves_nothing():
    weights, x, states = case(RELU)
    assert linear_piece_distance(weights, (0.0, 1.0), x[0], states[0]) is not None
    assert linear_piece_distance(weights, (0.0, 1.0), x[0], states[0] + 3.0) is None
    assert newton_kantorovich_distance(weights, TANH, x[0], np.full(8, 3.0)) is None
    for function in (
        lambda state: linear_piece_distance(weights, (0.0, 1.0), x[0], state),
        lambda state: newton_kantorovich_distance(weights, TANH, x[0], state),
    ):
        assert function(np.full(8, np.nan)) is None


@pytest.mark.parametrize(
    ("x", "state", "exists"),
    [
        (-1.0, 0.0, True),  # h = max(2h - 1, 0) has the two solutions 0 and 1
        (-1.0, 1.0, True),
        (-1.0, 0.6, False),  # on the piece of h = 1, but too far from it to see that
        (1.0, 0.0, False),  # h = max(2h + 1, 0) has none
        (1.0, 50.0, False),
        (0.0, 0.0, True),
    ],
)
def test_one_feature_with_two_equilibria_or_none(x, state, exists):
    weights, x, state = np.array([[2.0]]), np.array([[x]]), np.array([[state]])
    conditions = (operator_norm_check, perron_frobenius_check, monotone_check)
    assert [check(weights, RELU).holds for check in conditions] == [False] * 3
    check = existence_check(weights, RELU, x, state)
    assert check.holds is (True if exists else None)


@pytest.mark.parametrize(("x", "exists"), [(0.2, True), (0.24, True), (0.26, False), (1.0, False)])
def test_a_parabola_with_and_without_a_fixed_point(x, exists):
    # h = (h + x)^2 has real solutions exactly for x <= 1/4.
    state = ((1 - 2 * x) - np.sqrt(max(1 - 4 * x, 0.0))) / 2
    check = existence_check(np.eye(1), sf.Quadratic(), np.array([[x]]), np.array([[state]]))
    assert check.holds is (True if exists else None)


def test_rows_without_a_certificate_are_named():
    weights = np.array([[2.0]])
    x, states = np.array([[-1.0], [1.0], [-2.0], [3.0]]), np.zeros((4, 1))
    check = existence_check(weights, RELU, x, states)
    assert (check.value, check.bound, check.holds) == (2.0, 4.0, None)
    assert "not proved: rows [1, 3]; that is no proof of the opposite" in check.note
    many = existence_check(weights, RELU, np.ones((25, 1)), np.zeros((25, 1)))
    assert "and 15 more" in many.note
    late = existence_check(weights, RELU, -np.ones((2, 1)), np.ones((2, 1)), flops=4.0)
    assert late.value == 1.0 and late.holds is None and "1 rows not looked at" in late.note


@pytest.mark.parametrize("activation", [RELU, TANH, sf.LeakyRelu(0.2), sf.Erf()])
def test_all_samples_of_a_network_that_is_no_contraction(activation):
    weights, x, states = case(activation, m=64, gamma=0.85, n=6)
    assert operator_norm_check(weights, activation).holds is False
    check = existence_check(weights, activation, x, states)
    assert check.holds is True and check.value == 6.0
    assert "from the computed states" in check.note
    # A state that is no equilibrium at all loses its row, and no other.
    states = states.copy()
    states[2] = 100.0 * np.abs(states[2])
    broken = existence_check(weights, activation, x, states)
    assert broken.value == 5.0 and "rows [2]" in broken.note


def test_where_the_weights_decide_no_sample_is_looked_at():
    weights, x, _ = case(RELU)
    small = 0.5 * weights / np.linalg.norm(weights, 2)
    check = existence_check(small, RELU, x, np.zeros_like(x), flops=0.0)
    assert check.holds is True and check.note.startswith("L ||W|| is below 1; at most")
    distance = float(check.note.split()[-5])
    truth = solve(RELU, Picard(), jnp.asarray(small), jnp.asarray(x)).state
    worst = np.linalg.norm(truth, axis=1).max()
    assert worst <= distance * 1.05 and distance < 3.2 * worst  # (1 + q)/(1 - q) at most, q = 1/2


@dataclasses.dataclass(frozen=True)
class _Shifted(Activation):
    """A kink at one: neither linear on the sides of zero nor smooth."""

    lipschitz = 1.0

    def __call__(self, z):
        return jnp.maximum(z, 1.0)


def test_an_activation_without_a_certificate():
    check = existence_check(2 * np.eye(2), _Shifted(), np.zeros((3, 2)), np.ones((3, 2)))
    assert check.holds is None and check.value == 0.0
    assert "no certificate is known for _Shifted" in check.note


def test_the_inverse_is_bounded_with_its_rounding():
    matrix = np.eye(30) - np.random.default_rng(0).normal(size=(30, 30)) / 10
    inverse = verified_inverse(matrix)
    rhs = np.ones(30)
    exact_norm = np.linalg.norm(np.linalg.inv(matrix), 2)
    solution = np.linalg.norm(np.linalg.solve(matrix, rhs))
    assert exact_norm <= inverse.norm < np.sqrt(30) * 1.01 * exact_norm
    assert 0.999 * solution < inverse.solution_norm(rhs, 0.0) < 1.001 * solution
    assert inverse.defect < 1e-11
    # Of every matrix that is that close, also of the worst one.
    u, s, v = np.linalg.svd(matrix)
    error = s[-1] / 40
    worst = matrix - error * np.outer(u[:, -1], v[-1])
    within = verified_inverse(matrix, error)
    assert np.linalg.norm(np.linalg.inv(worst) @ rhs) <= within.solution_norm(rhs, 0.0)
    assert np.linalg.norm(np.linalg.inv(worst), 2) <= within.norm
    assert verified_inverse(np.ones((3, 3))) is None
    hilbert = 1.0 / (np.arange(14)[:, None] + np.arange(14)[None, :] + 1.0)
    assert verified_inverse(hilbert) is None
    assert verified_inverse(np.full((2, 2), np.inf)) is None
