"""Every way in which a run ends."""

import dataclasses
import signal

import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.layer import Layer
from surefit.core.trajectory import Status

WATCHED = ["distance", "path_length"]


def test_steps_done_measures_everything_at_the_end(small):
    start = small.init(0)
    before = np.array(start[0]["w"])
    params, run = sf.train(small, start, steps=37, monitors=WATCHED)
    assert run.status is Status.STEPS_DONE and run.steps == 37.0 and run.seconds > 0
    for name in (*WATCHED, "loss", "squared_residual"):
        assert run[name].times[0] == 0 and run[name].times[-1] == 37
        assert np.all(np.diff(run[name].times) > 0)
    np.testing.assert_array_equal(start[0]["w"], before)
    np.testing.assert_allclose(run["loss"].last, small.objective(params), rtol=1e-13)
    moved = [np.ravel(params[i]["w"] - start[i]["w"]) for i in (0, 2)]
    np.testing.assert_allclose(run["distance"].last, np.linalg.norm(np.concatenate(moved)))


def test_no_steps_measure_the_start(small):
    start = small.init(0)
    params, run = sf.train(small, start, steps=0, monitors=WATCHED)
    assert run.status is Status.STEPS_DONE
    assert set(run.series) == {"loss", "squared_residual", *WATCHED}
    assert all(series.times.tolist() == [0.0] for series in run.series.values())
    np.testing.assert_array_equal(params[0]["w"], start[0]["w"])


def test_the_target_is_noticed_at_the_first_step_that_reaches_it(small):
    start = small.init(0)
    _, full = sf.train(small, start, steps=200, monitors=WATCHED)
    target = float(full["loss"].values[121]) * (1 + 1e-9)
    params, run = sf.train(small, start, steps=200, monitors=WATCHED, target_loss=target)
    assert run.status is Status.TARGET_REACHED and run.steps == 121.0
    assert "step 121" in run.message
    np.testing.assert_array_equal(run["loss"].values, full["loss"].values[:122])
    assert float(small.objective(params)) <= target and run["distance"].times[-1] == 121
    _, at_once = sf.train(small, start, monitors=WATCHED, target_loss=1e9)
    assert at_once.steps == 0.0 and at_once.status is Status.TARGET_REACHED


def test_the_stop_condition_is_asked_at_powers_of_two_and_round_numbers(small):
    asked = []

    def stop(problem, params, step):
        assert problem is small
        asked.append((step, float(problem.objective(params))))
        return step == 2000

    _, run = sf.train(small, small.init(0), steps=5000, monitors=WATCHED, stop=stop)
    assert run.status is Status.TARGET_REACHED and run.steps == 2000.0
    assert "stop condition was met at step 2000" in run.message
    assert [step for step, _ in asked] == [0, *(2**i for i in range(10)), 1000, 2000]
    for step, loss in asked:
        assert loss == pytest.approx(run["loss"].values[step], rel=1e-10)


def test_progress_is_told_or_shown(small, capsys):
    told = []
    _, run = sf.train(
        small,
        small.init(0),
        steps=20,
        monitors=WATCHED,
        progress=lambda step, steps, values: told.append((step, steps, values["loss"])),
    )
    assert [step for step, _, _ in told][:4] == [1, 2, 3, 4] and told[-1][:2] == (20, 20)
    assert told[-1][2] == run["loss"].last
    assert capsys.readouterr().out == ""
    sf.train(small, small.init(0), steps=20, monitors=WATCHED, progress=True)
    shown = capsys.readouterr().out
    assert "20/20" in shown and f"{run['loss'].last:.3e}" in shown


def test_a_step_size_above_the_limit_is_explained(small):
    start = small.init(0)
    largest = float(np.linalg.eigvalsh(small.gram(start))[-1])
    method = sf.GradientDescent(step_size=50.0 / largest)
    params, run = sf.train(small, start, method, steps=500, monitors=WATCHED)
    assert run.status is Status.DIVERGED and run.steps < 500
    assert f"step size {50 / largest:.3g} exceeds 2/lambda_max = {2 / largest:.3g}" in run.message
    assert f'step_size="auto" ({1 / largest:.3g})' in run.message
    # Everything up to the end is kept, and every number of it is finite.
    assert all(np.isfinite(series.values).all() for series in run.series.values())
    assert run["loss"].times[-1] == run.steps == run["path_length"].times[-1]
    np.testing.assert_allclose(run["loss"].last, small.objective(params), rtol=1e-12)


def test_growth_to_a_million_times_the_loss_is_the_limit():
    # Linear, one sample: the residual is multiplied by 1 - eta lambda = -3 in every step.
    problem = sf.Problem(sf.Serial(sf.Dense(1)), np.ones((1, 1)), np.ones(1))
    method = sf.GradientDescent(step_size=4.0)
    _, run = sf.train(problem, problem.init(0), method, steps=500, monitors=[])
    losses = run["loss"].values
    scale = max(losses[0], 0.5)
    assert run.status is Status.DIVERGED
    assert losses[-1] > 1e6 * scale >= losses[-2]
    np.testing.assert_allclose(losses[1:], 9 * losses[:-1], rtol=1e-9)


@dataclasses.dataclass(frozen=True)
class Exponential(Layer):
    """f(x) = exp(w): from below, descent can jump over a target at any distance."""

    def output_shape(self, input_shape):
        return (1,)

    def init(self, key, input_shape):
        return {"w": jnp.zeros(())}

    def apply(self, params, x):
        return jnp.full((x.shape[0], 1), jnp.exp(params["w"]))

    def kernel(self, k):
        raise NotImplementedError


@pytest.mark.parametrize(("first", "kept"), [(1.0, 0), (-7.6, 6)])
def test_an_overflow_within_a_chunk_is_cut_off_exactly(first, kept):
    problem = sf.Problem(Exponential(), np.ones((1, 1)), np.full(1, 1000.0))
    plain = [first]
    while plain[-1] < 700.0:
        plain.append(plain[-1] - 0.5 * (np.exp(plain[-1]) - 1000.0) * np.exp(plain[-1]))
    start = {"w": np.array(first)}
    for monitors in ([], WATCHED):
        params, run = sf.train(
            problem, start, sf.GradientDescent(0.5), steps=400, monitors=monitors, every=100
        )
        assert run.status is Status.DIVERGED
        assert "the loss was no longer a finite number" in run.message
        assert run.steps == len(plain) - 2 == kept
        np.testing.assert_allclose(params["w"], plain[-2], rtol=1e-12)
        expected = 0.5 * (np.exp(plain[:-1]) - 1000.0) ** 2
        np.testing.assert_allclose(run["loss"].values, expected, rtol=1e-10)
    np.testing.assert_allclose(run["path_length"].last, plain[-2] - first, rtol=1e-12, atol=0)


def test_curvature_that_grows_along_the_way_is_explained():
    # f = ab with a = b = 0.1: the curvature at the start is 0.02, at the solution 2.
    network = sf.Serial(sf.Dense(1), sf.Dense(1))
    problem = sf.Problem(network, np.ones((1, 1)), np.ones(1))
    start = ({"w": np.full((1, 1), 0.1)}, {"w": np.full((1, 1), 0.1)})
    _, run = sf.train(problem, start, sf.GradientDescent(60.0), steps=400, monitors=[])
    assert run.status is Status.DIVERGED
    assert "is below 2/lambda_max = 100" in run.message
    assert "the curvature grew along the way (lambda_max = 0.02 at the start" in run.message


@pytest.mark.parametrize("how", ["signal", "exception"])
def test_an_interruption_keeps_what_was_reached(small, how):
    _, full = sf.train(small, small.init(0), steps=300, monitors=WATCHED)

    def interrupt(step, steps, values):
        if step == 40 and how == "signal":
            signal.raise_signal(signal.SIGINT)
        if step == 40:
            raise KeyboardInterrupt

    params, run = sf.train(small, small.init(0), steps=300, monitors=WATCHED, progress=interrupt)
    assert run.status is Status.INTERRUPTED and run.steps == 40.0
    assert "step 40" in run.message and "Nothing is stored" in run.message
    np.testing.assert_array_equal(run["loss"].values, full["loss"].values[:41])
    np.testing.assert_allclose(run["loss"].last, small.objective(params), rtol=1e-12)
