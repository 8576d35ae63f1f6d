"""Gradient descent against a plain NumPy loop, and its automatic step size."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError
from surefit.losses import Loss
from surefit.training import sharpness

WIDTH, INPUTS = 12, 4


def data(n=9, d=INPUTS, k=1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True), rng.normal(size=(n, k))


def plain_descent(params, x, y, step_size, steps, scale):
    """Two layers, tanh, NTK parameterisation, biases; derivatives by hand."""
    w, b = (np.array(params[0][key]) for key in "wb")
    v, c = (np.array(params[2][key]) for key in "wb")
    (m, d), losses, squares = w.shape, [], []
    for step in range(steps + 1):
        h = np.tanh(x @ w.T / np.sqrt(d) + 0.5 * b)
        r = h @ v.T / np.sqrt(m) + 0.3 * c - y
        squares.append(np.sum(r**2))
        losses.append(scale * squares[-1])
        if step == steps:
            return (w, b, v, c), np.array(losses), np.array(squares)
        g = 2 * scale * r
        gz = (g @ v / np.sqrt(m)) * (1 - h**2)
        v, c = v - step_size * g.T @ h / np.sqrt(m), c - step_size * 0.3 * g.sum(0)
        w = w - step_size * gz.T @ x / np.sqrt(d)
        b = b - step_size * 0.5 * gz.sum(0)


def test_every_step_equals_a_plain_loop():
    loss = sf.MeanSquared()
    x, y = data(k=2)
    network = sf.Serial(sf.Dense(WIDTH, bias_std=0.5), sf.Tanh(), sf.Dense(2, bias_std=0.3))
    problem = sf.Problem(network, x, y, loss)
    start = problem.init(1)
    steps, step_size = 60, 0.03 / loss.residual_scale(9)
    method = sf.GradientDescent(step_size=step_size)
    params, run = sf.train(problem, start, method, steps=steps, monitors=[])
    arrays, losses, squares = plain_descent(
        start, x, y, step_size, steps, loss.residual_scale(len(x))
    )
    np.testing.assert_array_equal(run["loss"].times, np.arange(steps + 1))
    np.testing.assert_allclose(run["loss"].values, losses, rtol=1e-11)
    np.testing.assert_allclose(run["squared_residual"].values, squares, rtol=1e-11)
    found = (params[0]["w"], params[0]["b"], params[2]["w"], params[2]["b"])
    for mine, plain in zip(found, arrays, strict=True):
        np.testing.assert_allclose(mine, plain, rtol=1e-10, atol=1e-12)
    assert run.status is Status.STEPS_DONE and run.steps == steps and run.step_size == step_size
    assert run.method == "gradient_descent" and "step 60" in run.message


def test_only_trained_parameters_move():
    x, y = data()
    problem = sf.Problem(sf.models.two_layer(WIDTH), x, y)
    start = problem.init(0)
    params, _ = sf.train(problem, start, steps=5, monitors=[])
    assert np.all(np.asarray(params[2]["w"]) == np.asarray(start[2]["w"]))
    assert np.all(np.asarray(params[0]["w"] != start[0]["w"]))
    anchored = sf.Problem(sf.Centred(sf.Serial(sf.Dense(6), sf.Tanh(), sf.Dense(1))), x, y)
    start = anchored.init(0)
    params, _ = sf.train(anchored, start, steps=5, monitors=[])
    anchor = zip(jax.tree.leaves(params["anchor"]), jax.tree.leaves(start["anchor"]), strict=True)
    assert all(bool(jnp.all(a == b)) for a, b in anchor)


@pytest.mark.parametrize("route", ["dense", "matrix-free"])
@pytest.mark.parametrize("loss", [sf.SumSquared(), sf.HalfMeanSquared()], ids=repr)
def test_the_automatic_step_is_the_inverse_of_the_largest_curvature(loss, route, monkeypatch):
    monkeypatch.setattr(sharpness, "_prefers_dense", lambda *_: route == "dense")
    x, y = data(k=2)
    problem = sf.Problem(sf.Serial(sf.Dense(WIDTH), sf.Tanh(), sf.Dense(2)), x, y, loss)
    params = problem.init(0)
    jacobian = np.asarray(problem.jacobian(params))
    # The Gauss-Newton part of the Hessian, from its definition.
    curvature = np.linalg.norm(jacobian.T @ jacobian, 2) * 2 * loss.residual_scale(len(x))
    step = sf.GradientDescent().settle(problem, params, 1).step_size
    assert 0.998 < step * curvature <= 1 + 1e-12
    _, run = sf.train(problem, params, steps=1, monitors=[])
    assert run.step_size == step


def test_the_routes_are_chosen_by_cost():
    # Few samples of long inputs: the Gram matrix is cheap. Many samples of a tiny network: not.
    few = sf.Problem(sf.models.shallow(64), *data(10, 50))
    many = sf.Problem(sf.models.shallow(2), *data(1500, 2))
    assert sharpness._prefers_dense(few, few.init(0))
    assert not sharpness._prefers_dense(many, many.init(0))


@dataclasses.dataclass(frozen=True)
class Quartic(Loss):
    def __call__(self, outputs, y):
        return jnp.sum((outputs - y) ** 4)


def test_a_loss_without_bounded_curvature_needs_a_step_size():
    x, y = data()
    problem = sf.Problem(sf.models.shallow(WIDTH), x, y, Quartic())
    with pytest.raises(InvalidInputError, match=r"loss of bounded curvature.*Give the step size"):
        sf.train(problem, problem.init(0), steps=1)
    _, run = sf.train(problem, problem.init(0), sf.GradientDescent(1e-3), steps=200, monitors=[])
    assert run["loss"].last < 0.7 * run["loss"].values[0]
    _, run = sf.train(problem, problem.init(0), sf.GradientDescent(10.0), steps=50, monitors=[])
    assert run.status is Status.DIVERGED and run.message.endswith("Use a smaller step size.")


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf, "fast", None])
def test_step_sizes_that_are_none(bad):
    with pytest.raises(InvalidInputError, match='finite number above 0 or "auto"'):
        sf.GradientDescent(step_size=bad)


def test_whole_numbers_are_step_sizes_too():
    assert sf.GradientDescent(step_size=1) == sf.GradientDescent(step_size=np.float64(1.0))
