"""Closed forms against matrix exponentials, explicit steps in parameters, and scikit-learn."""

import math

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from sklearn.kernel_ridge import KernelRidge

import surefit as sf
from surefit.function_space import Definiteness

N, M, P, K = 9, 4, 15, 2
DRAW = np.random.default_rng(3)
FEATURES = DRAW.standard_normal((N + M, P))
X, X_TEST = FEATURES[:N], FEATURES[N:]
Y = DRAW.standard_normal((N, K))
THETA0 = DRAW.standard_normal((P, K))


def space(ridge=0.0, start=True, x=X, y=Y):
    begin = {"f0": x @ THETA0, "f0_test": X_TEST @ THETA0} if start else {}
    return sf.FunctionSpace(x @ x.T, y, X_TEST @ x.T, X_TEST @ X_TEST.T, ridge=ridge, **begin)


def descended(steps, step_size, ridge, x=X):
    """Gradient descent on the parameters of the linear model, with decay towards the start."""
    theta = THETA0.copy()
    for _ in range(steps):
        theta -= step_size * (x.T @ (x @ theta - Y) + ridge * (theta - THETA0))
    return theta


@pytest.mark.parametrize("time", [0.0, 1e-9, 0.03, 2.0])
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_flow_is_the_matrix_exponential(time, ridge):
    # d/dt theta = -X^T(X theta - y) - ridge (theta - theta_0), as one linear system.
    rates = X.T @ X + ridge * np.eye(P)
    pull = X.T @ Y + ridge * THETA0
    system = np.block([[-rates, pull], [np.zeros((K, P + K))]])
    theta = (scipy.linalg.expm(time * system) @ np.vstack([THETA0, np.eye(K)]))[:P]
    found = space(ridge).at(time)
    np.testing.assert_allclose(found.train, X @ theta, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found.test, X_TEST @ theta, rtol=1e-11, atol=1e-12)
    assert found.loss == pytest.approx(0.5 * np.sum((X @ theta - Y) ** 2), rel=1e-11)


@pytest.mark.parametrize("steps", [0, 1, 2, 37])
@pytest.mark.parametrize("share", [0.02, 0.9, 1.9])
@pytest.mark.parametrize("ridge", [0.0, 0.7])
def test_descent_is_that_of_the_parameters(steps, share, ridge):
    step_size = share / (np.linalg.eigvalsh(X @ X.T)[-1] + ridge)
    theta = descended(steps, step_size, ridge)
    found = space(ridge).after(steps, step_size)
    np.testing.assert_allclose(found.train, X @ theta, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(found.test, X_TEST @ theta, rtol=1e-10, atol=1e-11)


def test_small_steps_are_the_flow():
    flow = space(0.1).at(0.5)
    gaps = [np.abs(space(0.1).after(k, 0.5 / k).test - flow.test).max() for k in (1000, 2000)]
    assert 1.9 < gaps[0] / gaps[1] < 2.1


@pytest.mark.parametrize("ridge", [1e-3, 0.5, 20.0])
def test_the_limit_is_kernel_ridge_regression(ridge):
    model = KernelRidge(kernel="precomputed", alpha=ridge).fit(X @ X.T, Y)
    found = space(ridge, start=False).limit()
    np.testing.assert_allclose(found.train, model.predict(X @ X.T), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.test, model.predict(X_TEST @ X.T), rtol=1e-9, atol=1e-12)


def test_without_ridge_the_limit_interpolates_nearest_to_the_start():
    found, theta = space().limit(), THETA0 + np.linalg.pinv(X) @ (Y - X @ THETA0)
    np.testing.assert_allclose(found.train, Y, atol=1e-11)
    np.testing.assert_allclose(found.test, X_TEST @ theta, atol=1e-11)
    np.testing.assert_allclose(space().at(math.inf).test, found.test)
    np.testing.assert_allclose(space().at(1e6).test, found.test, atol=1e-10)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_times_and_steps_to_a_loss(ridge):
    own = space(ridge)
    times = np.array([0.01, 0.1, 0.7])
    losses = own.losses(times)
    assert np.all(np.diff(losses) < 0.0)
    for time, loss in zip(times, losses, strict=True):
        assert own.time_to_loss(loss) == pytest.approx(time, rel=1e-9)
    target = losses[1]
    steps = own.steps_to_loss(target)
    before, at = own.losses_after([steps - 1, steps])
    assert at <= target < before
    assert own.steps_to_loss(2.0 * own.losses([0.0])[0]) == 0
    assert own.time_to_loss(2.0 * own.losses([0.0])[0]) == 0.0


def test_what_is_never_reached_is_said():
    own = space(ridge=5.0)
    floor = own.limit().loss
    assert floor > 0.0
    assert own.time_to_loss(0.99 * floor) == math.inf
    assert own.steps_to_loss(0.99 * floor) is None
    assert own.time_to_loss(1.01 * floor) < math.inf
    assert own.at(1e9).loss == pytest.approx(floor, rel=1e-12)


def test_small_eigenvalues_keep_their_digits():
    # One direction of eigenvalue 1e-9 beside one of 1: after 1000 steps its residual is
    # (1 - 1e-9)^1000, of which a rounded 1 - 1e-9 would lose nine digits of the change.
    own = sf.FunctionSpace(np.diag([1.0, 1e-9]), np.array([1.0, 1.0]))
    moved = own.after(1000, 1.0).train[1, 0]
    assert moved == pytest.approx(-math.expm1(1000 * math.log1p(-1e-9)), rel=1e-9)
    assert own.at(1000.0).train[1, 0] == pytest.approx(-math.expm1(-1e-6), rel=1e-9)


def test_duplicate_points_are_a_status():
    x = np.vstack([X[:5], X[:1]])
    y = np.vstack([Y[:5], Y[:1] + 2.0])
    own = sf.FunctionSpace(x @ x.T, y, X_TEST @ x.T)
    assert own.status is Definiteness.RANK_DEFICIENT
    assert "rank 5 of 6: 1 eigenvalues cannot be told from 0" in own.message
    # Both copies end at the mean of their targets; the difference is never learnt.
    found = own.limit()
    np.testing.assert_allclose(found.train[[0, 5]], np.tile(Y[0] + 1.0, (2, 1)), atol=1e-10)
    assert found.loss == pytest.approx(K * 1.0, rel=1e-10)
    assert own.time_to_loss(0.9 * found.loss) == math.inf
    assert own.steps_to_loss(0.9 * found.loss) is None
    theta = np.linalg.pinv(x) @ y
    np.testing.assert_allclose(own.at(1e9).test, X_TEST @ theta, atol=1e-9)
    assert space().status is Definiteness.POSITIVE_DEFINITE


def test_a_matrix_that_is_no_kernel_is_refused_with_its_eigenvalue():
    matrix = np.diag([2.0, 1.0, -0.5])
    own = sf.FunctionSpace(matrix, np.ones(3))
    assert own.status is Definiteness.INDEFINITE
    with pytest.raises(sf.errors.NumericalError, match=r"Got -0\.5 \+ 0.*ridge larger than 0\.5"):
        own.at(1.0)
    # With a ridge that outweighs it, every mode decays again.
    ridged = sf.FunctionSpace(matrix, np.ones(3), ridge=1.0).limit()
    np.testing.assert_allclose(ridged.train.ravel(), [2 / 3, 1 / 2, -0.5 / 0.5])


def test_a_step_that_is_too_long_has_no_first_time():
    own = space()
    with pytest.raises(sf.errors.InvalidInputError, match="Beyond that a mode of the residual"):
        own.steps_to_loss(1e-3, 3.0 * own.safe_step_size)
    grown = own.after(50, 3.0 * own.safe_step_size)
    assert grown.loss > 1e6


def test_at_infinite_width_has_both_kernels_of_all_points():
    # Two linear layers: the second one sees the covariances, and so does the gradient of both.
    network = sf.Serial(sf.Dense(64), sf.Dense(1))
    nngp = FEATURES @ FEATURES.T / P
    own = sf.function_space.at_infinite_width(network, X, Y, X_TEST, ridge=0.1)
    for name, rows, columns in (("train", 0, 0), ("test_train", 1, 0), ("test", 1, 1)):
        parts = slice(0, N), slice(N, None)
        block = (parts[rows], parts[columns])
        np.testing.assert_allclose(getattr(own, f"k_{name}"), 2 * nngp[block], atol=1e-12)
        np.testing.assert_allclose(getattr(own, f"nngp_{name}"), nngp[block], atol=1e-12)
    assert own.ridge == 0.1
    alone = sf.function_space.at_infinite_width(network, FEATURES, np.ones(N + M))
    np.testing.assert_allclose(alone.limit().train, 1.0, atol=1e-9)
    assert alone.k_test is None


def test_the_linearisation_is_descent_on_its_parameters():
    network = sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(K))
    problem = sf.Problem(network, X, Y)
    params = problem.init(1)
    flat, unravel = jax.flatten_util.ravel_pytree(params)

    def outputs(theta):
        return np.asarray(
            network.apply(unravel(jnp.asarray(theta)), jnp.asarray(FEATURES))
        ).reshape(-1)

    flat, h = np.asarray(flat), 1e-6
    differences = [outputs(flat + h * e) - outputs(flat - h * e) for e in np.eye(len(flat))]
    jacobian, start = np.stack(differences, axis=1) / (2 * h), outputs(flat)
    own = sf.function_space.linearised_at(problem, params, X_TEST, ridge=0.2)
    moved, rows = np.zeros(len(flat)), slice(0, N * K)
    for _ in range(25):
        residual = start[rows] + jacobian[rows] @ moved - Y.reshape(-1)
        moved -= own.safe_step_size * (jacobian[rows].T @ residual + 0.2 * moved)
    found = own.after(25)
    expected = start + jacobian @ moved
    np.testing.assert_allclose(found.train[:, 0], expected[rows], atol=1e-7)
    np.testing.assert_allclose(found.test[:, 0], expected[N * K :], atol=1e-7)
