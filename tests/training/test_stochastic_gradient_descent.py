"""Batches: unbiased, drawn without replacement, and a step size that suits all of them."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.trajectory import Status
from surefit.core.tree import ravel
from surefit.errors import InvalidInputError
from surefit.training.evaluation import evaluate
from surefit.training.monitors.path_length import PathLength


def data(n=6, d=3, k=1, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True), rng.normal(size=(n, k))


@eqx.filter_jit
def estimate(method, problem, moving, fixed, batch):
    return method.estimate(problem, moving, fixed, batch)


@pytest.mark.parametrize("loss", [sf.HalfSquared(), sf.MeanSquared()], ids=repr)
def test_the_mean_over_all_batches_is_the_full_gradient(loss):
    x, y = data(k=2)
    problem = sf.Problem(sf.Serial(sf.Dense(5), sf.Tanh(), sf.Dense(2)), x, y, loss)
    moving, fixed = problem.split(problem.init(0))
    method = sf.StochasticGradientDescent(step_size=0.1, batch_size=2)
    batches = list(itertools.combinations(range(6), 2))
    estimates = [
        np.asarray(ravel(estimate(method, problem, moving, fixed, jnp.array(batch)))[0])
        for batch in batches
    ]
    full = np.asarray(ravel(evaluate(problem, moving, fixed).gradient)[0])
    np.testing.assert_allclose(np.mean(estimates, axis=0), full, rtol=1e-12, atol=1e-14)
    assert np.std(estimates, axis=0).max() > 0.1 * np.abs(full).max()
    # One batch by hand: n/b times the gradient of its own terms of the loss.
    part = np.array(batches[3])
    rows = problem.jacobian(problem.init(0)).reshape(6, 2, -1)[part]
    residual = np.asarray(problem.residual(problem.init(0))).reshape(6, 2)[part]
    by_hand = 3 * 2 * loss.residual_scale(6) * np.einsum("iap,ia->p", rows, residual)
    np.testing.assert_allclose(estimates[3], by_hand, rtol=1e-12, atol=1e-14)


def test_steps_follow_batches_without_replacement_from_seed_and_step():
    x, y = data(8)
    problem = sf.Problem(sf.Serial(sf.Dense(5), sf.Tanh(), sf.Dense(1)), x, y)
    start = problem.init(0)
    method = sf.StochasticGradientDescent(step_size=0.05, batch_size=4)
    params, run = sf.train(problem, start, method, steps=7, monitors=[], seed=3)
    moving, fixed = problem.split(start)
    for step in range(7):
        own = jax.random.fold_in(jax.random.key(3), step)
        batch = jax.random.choice(own, 8, (4,), replace=False)
        assert len(set(batch.tolist())) == 4
        gradient = estimate(method, problem, moving, fixed, batch)
        moving = jax.tree.map(lambda p, g: p - 0.05 * g, moving, gradient)
    np.testing.assert_allclose(params[0]["w"], moving[0]["w"], rtol=1e-12, atol=1e-14)
    other, _ = sf.train(problem, start, method, steps=7, monitors=[], seed=4)
    assert np.abs(np.asarray(other[0]["w"] - params[0]["w"])).max() > 1e-3
    assert run.method == "sgd" and run.step_size == 0.05
    np.testing.assert_array_equal(run["squared_residual"].times, np.arange(8))


def test_the_automatic_step_suits_every_batch():
    x, y = data(8, 12)
    problem = sf.Problem(sf.Serial(sf.Dense(1)), x, y)
    start = problem.init(0)
    gram = np.asarray(problem.gram(start))
    for b in (1, 3, 8):
        method = sf.StochasticGradientDescent(batch_size=b).settle(problem, start, 1)
        whole, own = np.linalg.norm(gram, 2), gram.diagonal().max()
        assert 1 / method.step_size == pytest.approx(min(8 / b * whole, 8 * own), rel=2e-3)
        worst = max(
            8 / b * np.linalg.norm(gram[np.ix_(s, s)], 2)
            for s in map(list, itertools.combinations(range(8), b))
        )
        assert method.step_size <= 1 / worst
        # Linear in its parameters, more of them than samples: no step leads away from the solution
        # nearest to the start.
        w = np.asarray(start[0]["w"])[0]
        solution = w + np.linalg.pinv(x / np.sqrt(12)) @ (y[:, 0] - x @ w / np.sqrt(12))
        distances = [np.linalg.norm(w - solution)]
        for steps in range(1, 12):
            params, _ = sf.train(problem, start, method, steps=steps, monitors=[])
            distances.append(np.linalg.norm(np.asarray(params[0]["w"])[0] - solution))
        assert np.all(np.diff(distances) <= 1e-12) and distances[-1] < distances[0]
    assert method.step_size == sf.GradientDescent().settle(problem, start, 1).step_size


def test_losses_are_measured_where_the_run_pauses():
    x, y = data(40)
    problem = sf.Problem(sf.models.shallow(16), x, y)
    start = problem.init(0)
    method = sf.StochasticGradientDescent(batch_size=8)
    params, run = sf.train(problem, start, method, steps=90, every=30, monitors=[PathLength()])
    assert set(run["loss"].times.tolist()) == {0, 1, 2, 4, 8, 16, 30, 32, 60, 64, 90}
    assert run["path_length"].times.tolist() == [0, 30, 60, 90]
    np.testing.assert_allclose(run["loss"].last, problem.objective(params), rtol=1e-12)
    reached, early = sf.train(
        problem, start, method, steps=5000, target_loss=0.5 * float(run["loss"].values[0])
    )
    assert early.status is Status.TARGET_REACHED
    assert problem.objective(reached) <= 0.5 * run["loss"].values[0]


def test_divergence_of_sgd_is_noticed():
    x, y = data(40)
    problem = sf.Problem(sf.models.shallow(16), x, y)
    start = problem.init(0)
    method = sf.StochasticGradientDescent(step_size=1e3, batch_size=8)
    params, run = sf.train(problem, start, method, steps=3000, monitors=[])
    auto = sf.StochasticGradientDescent(batch_size=8).settle(problem, start, 1).step_size
    assert run.status is Status.DIVERGED
    assert f"step size 1e+03 exceeds 2/lambda_max = {2 * auto:.3g}" in run.message
    assert np.isfinite(run["loss"].values).all()
    assert np.isfinite(np.asarray(params[0]["w"])).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "whole number of at least 1"),
        ({"batch_size": 7}, "at most the number of samples, 6"),
        ({"step_size": 0.0}, "finite number above 0"),
    ],
)
def test_bad_arguments_of_sgd(arguments, message):
    problem = sf.Problem(sf.models.shallow(4), *data())
    with pytest.raises(InvalidInputError, match=message):
        sf.train(problem, problem.init(0), sf.StochasticGradientDescent(**arguments))
