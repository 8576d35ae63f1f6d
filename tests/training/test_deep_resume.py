"""Deep networks whose training is interrupted go on and end with the same bits."""

import jax
import numpy as np
import pytest

import surefit as sf
from surefit.training import checkpoint as module


@pytest.fixture(autouse=True)
def always(monkeypatch):
    """Write at every pause."""
    monkeypatch.setattr(module, "INTERVAL", 0.0)
    monkeypatch.setattr(module, "_SHARE", 1e9)


class Crash(Exception):
    """The process is gone."""


def crashing(at):
    def progress(step, steps, values):
        if step >= at:
            raise Crash

    return progress


NETWORKS = {
    "fc": sf.models.fully_connected(8, 2, 3),
    "resnet": sf.models.residual(8, 3, 3, zero_start=True),
    "cnn": sf.models.convolutional((3, 3), 2, 2, 3, shared=False),
}
METHODS = {
    "gradient_descent": sf.GradientDescent(step_size=0.05),
    "sgd": sf.StochasticGradientDescent(step_size=0.02, batch_size=2),
}
CASES = [
    ("fc", "half_squared", "gradient_descent"),
    ("fc", "cross_entropy", "sgd"),
    ("resnet", "half_squared", "sgd"),
    ("cnn", "cross_entropy", "gradient_descent"),
]


def problem_of(network, loss):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(6, 3, 3, 1))
    x /= np.linalg.norm(x.reshape(6, -1), axis=1)[:, None, None, None]
    x = x if network == "cnn" else x.reshape(6, -1)
    return sf.Problem(NETWORKS[network], x, np.eye(3)[[0, 1, 2, 0, 1, 2]], sf.losses.LOSSES[loss]())


@pytest.mark.parametrize(("network", "loss", "method"), CASES)
def test_a_crash_changes_no_bit_of_a_deep_run(network, loss, method, tmp_path):
    problem = problem_of(network, loss)

    def run(progress=None, checkpoint=None):
        return sf.train(
            problem,
            problem.init(0),
            METHODS[method],
            steps=40,
            monitors=["distance", "path_length", "accuracy"],
            seed=5,
            progress=progress,
            checkpoint=checkpoint,
        )

    expected_params, expected = run()
    for at in (3, 20, 31):
        with pytest.raises(Crash):
            run(crashing(at), tmp_path)
    params, found = run(checkpoint=tmp_path)
    leaves, again = jax.tree.leaves(expected_params), jax.tree.leaves(params)
    assert len(leaves) == len(again) > 3
    for first, second in zip(leaves, again, strict=True):
        np.testing.assert_array_equal(first, second)
    assert list(found.series) == list(expected.series)
    for name, series in expected.series.items():
        np.testing.assert_array_equal(series.times, found[name].times)
        np.testing.assert_array_equal(series.values, found[name].values)
    # The run moved, so that equal is not equal for having stood still.
    assert expected["distance"].last > 1e-3
    assert found.steps == expected.steps == 40.0
