"""Wide networks follow the dynamics of their tangent kernel."""

import numpy as np
import pytest
from sklearn.datasets import load_digits

import surefit as sf


def digits(n=100):
    x, labels = load_digits(return_X_y=True)
    keep = np.flatnonzero(labels <= 1)[:n]
    x = x[keep] / np.linalg.norm(x[keep], axis=1, keepdims=True)
    return x, 2.0 * labels[keep] - 1.0


@pytest.mark.parametrize("model", [sf.models.two_layer, sf.models.shallow])
def test_the_residual_follows_the_kernel_prediction(model):
    x, y = digits()
    problem = sf.Problem(model(8000, antisymmetric=True), x, y)
    params = problem.init(0)
    values, vectors = np.linalg.eigh(np.asarray(problem.gram(params)))
    coefficients = vectors.T @ np.asarray(problem.residual(params))
    _, run = sf.train(problem, params, steps=60, monitors=[])
    decay = (1 - run.step_size * values[None, :]) ** (2 * run["squared_residual"].times[:, None])
    predicted = np.sqrt(decay @ coefficients**2)
    measured = np.sqrt(run["squared_residual"].values)
    assert np.max(np.abs(measured - predicted)) <= 0.05 * measured[0]
    # Something happened: half of the residual and more is gone, and not in one direction only.
    assert measured[-1] < 0.5 * measured[0]
    assert np.max(np.abs(measured - measured[0] * np.sqrt(decay[:, -1]))) > 0.1 * measured[0]
