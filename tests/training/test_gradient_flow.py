"""Gradient flow against the matrix exponential and against descent with tiny steps."""

import diffrax
import numpy as np
import pytest
import scipy.linalg

import surefit as sf
from surefit.core.trajectory import Status
from surefit.errors import InvalidInputError


def data(n=6, d=4, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d))
    return x / np.linalg.norm(x, axis=1, keepdims=True), rng.normal(size=n)


def test_a_linear_model_decays_by_the_matrix_exponential():
    x, y = data(4, 6)
    problem = sf.Problem(sf.Serial(sf.Dense(1)), x, y, sf.SumSquared())
    start = problem.init(0)
    gram, residual = np.asarray(problem.gram(start)), np.asarray(problem.residual(start))
    params, run = sf.train(
        problem, start, sf.GradientFlow(time=7.0), steps=14, monitors=["path_length"]
    )
    np.testing.assert_allclose(run["loss"].times, 0.5 * np.arange(15), rtol=1e-15)
    assert run.steps == 7.0 and run.step_size == 0.5 and run.method == "gradient_flow"
    exact = [np.sum((scipy.linalg.expm(-2 * gram * t) @ residual) ** 2) for t in run["loss"].times]
    np.testing.assert_allclose(run["loss"].values, exact, rtol=2e-5)
    # The parameters, too: theta(t) = theta_0 - J^T K^{-1} (I - e^{-2Kt}) r_0.
    jacobian = np.asarray(problem.jacobian(start))
    moved = jacobian.T @ np.linalg.solve(
        gram, residual - scipy.linalg.expm(-2 * gram * 7.0) @ residual
    )
    np.testing.assert_allclose(params[0]["w"][0], start[0]["w"][0] - moved, atol=1e-6)
    assert run["path_length"].last > 0


def test_descent_tends_to_the_flow_as_its_steps_shrink():
    x, y = data()
    problem = sf.Problem(sf.models.shallow(16), x, y)
    start = problem.init(0)
    flow, _ = sf.train(problem, start, sf.GradientFlow(time=1.0), steps=4, monitors=[])
    errors = []
    for steps in (200, 400):
        method = sf.GradientDescent(step_size=1.0 / steps)
        descent, _ = sf.train(problem, start, method, steps=steps, monitors=[])
        errors.append(float(np.linalg.norm(descent[0]["w"] - flow[0]["w"])))
    # Explicit Euler is of first order: half the step, half the error.
    assert errors[0] < 2e-2 and errors[1] / errors[0] == pytest.approx(0.5, abs=0.02)


def test_the_automatic_interval_is_the_automatic_step_and_can_be_prolonged():
    x, y = data()
    problem = sf.Problem(sf.models.shallow(16), x, y)
    start = problem.init(0)
    step = sf.GradientDescent().settle(problem, start, 1).step_size
    _, short = sf.train(problem, start, "gradient_flow", steps=3, monitors=[])
    _, long = sf.train(problem, start, sf.GradientFlow(interval=step), steps=6, monitors=[])
    assert short.step_size == step and short.steps == 3 * step
    np.testing.assert_array_equal(short["loss"].values, long["loss"].values[:4])


def test_a_stiff_flow_is_a_status_with_advice():
    x, y = data()
    problem = sf.Problem(sf.models.shallow(4), x, y)
    start = problem.init(0)
    method = sf.GradientFlow(time=4000.0, max_steps=1000)
    params, run = sf.train(problem, start, method, steps=2, monitors=["distance"])
    assert run.status is Status.DIVERGED and run.steps == 0.0
    assert "max_steps=1000" in run.message and "Kvaerno5" in run.message
    np.testing.assert_array_equal(params[0]["w"], start[0]["w"])
    assert run["distance"].values.tolist() == [0.0]


@pytest.mark.slow
def test_an_implicit_solver_follows_a_stiff_flow():
    x, y = data()
    problem = sf.Problem(sf.models.shallow(4), x, y)
    method = sf.GradientFlow(time=4000.0, max_steps=1000, solver=diffrax.Kvaerno5())
    _, run = sf.train(problem, problem.init(0), method, steps=2, monitors=[])
    assert run.status is Status.STEPS_DONE and run["loss"].last < 1e-20 * run["loss"].values[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": -1.0}, r"GradientFlow\(time=...\)` must be a finite number above 0"),
        ({"interval": 0}, r"GradientFlow\(interval=...\)` must be a finite number above 0"),
        ({"rtol": 0.0}, r"GradientFlow\(rtol=...\)`"),
        ({"time": 1.0, "interval": 0.1}, "must be given one of the two"),
    ],
)
def test_bad_arguments_of_the_flow(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.GradientFlow(**arguments)
