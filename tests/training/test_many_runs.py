"""Many runs at once give what single runs give."""

import numpy as np
import pytest

import surefit as sf
from surefit.core.trajectory import Status
from surefit.training import GradientDescent, StochasticGradientDescent, train, train_many

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 5)) / np.sqrt(5)
Y = np.sign(RNG.normal(size=12))


def problem(width=4, activation=None):
    return sf.Problem(
        sf.models.shallow(width, activation=activation or sf.activations.Tanh()), X, Y
    )


def alone(task, starts, method, seeds, **options):
    return [
        train(task, params, method, monitors=[], seed=seed, **options)[1]
        for params, seed in zip(starts, seeds, strict=True)
    ]


@pytest.mark.parametrize("together", [False, True])
@pytest.mark.parametrize(
    "method",
    [GradientDescent(step_size=0.05), StochasticGradientDescent(batch_size=4, step_size=0.02)],
)
def test_every_run_ends_where_it_ends_alone(method, together):
    task, seeds = problem(), range(3, 9)
    starts = [task.init(seed) for seed in seeds]
    # A target that about half of them reach.
    ends = [run["loss"].last for run in alone(task, starts, method, seeds, steps=700)]
    options = {"steps": 700, "target_loss": float(np.median(ends))}
    heard = []
    many = train_many(
        task,
        starts,
        method,
        seeds=seeds,
        together=together,
        progress=lambda *now: heard.append(now),
        **options,
    )
    single = alone(task, starts, method, seeds, **options)
    assert many.status == tuple(run.status for run in single)
    assert {Status.TARGET_REACHED, Status.STEPS_DONE} == set(many.status)
    np.testing.assert_array_equal(many.steps, [run.steps for run in single])
    # Together, sums are rounded in another order; descent with a short step does not amplify that.
    rtol = 1e-9 if together else 0.0
    np.testing.assert_allclose(many.loss, [run["loss"].last for run in single], rtol=rtol)
    np.testing.assert_allclose(many.step_size, [run.step_size for run in single], rtol=1e-12)
    assert {"loss", "runs left"} == set(heard[-1][2])
    assert [series.times[-1] for series in many.losses] == many.steps.tolist()


@pytest.mark.parametrize("together", [False, True])
def test_divergence_ends_the_run_that_diverges(together):
    task, method = problem(), GradientDescent(step_size=3.0)
    starts = [task.init(0), task.init(1), task.init(2)]
    many = train_many(task, starts, method, steps=400, together=together)
    single = alone(task, starts, method, range(3), steps=400)
    assert many.status == tuple(run.status for run in single)
    assert Status.DIVERGED in many.status
    np.testing.assert_array_equal(many.steps, [run.steps for run in single])
    np.testing.assert_allclose(many.loss, [run["loss"].last for run in single], rtol=1e-6)


@pytest.mark.parametrize("together", [False, True])
def test_a_run_that_begins_at_the_target_makes_no_step(together):
    task = problem()
    starts = [task.init(0), task.init(1)]
    many = train_many(task, starts, steps=10, target_loss=100.0, together=together)
    assert many.status == (Status.TARGET_REACHED,) * 2 and many.steps.tolist() == [0, 0]
    assert train_many(task, starts, steps=0, together=together).status[1] is Status.STEPS_DONE


def test_an_interruption_is_passed_on():
    def interrupt(*_):
        raise KeyboardInterrupt

    task = problem()
    with pytest.raises(KeyboardInterrupt):
        train_many(task, [task.init(0)], steps=10, progress=interrupt)


def test_what_it_refuses():
    task = problem()
    with pytest.raises(sf.errors.InvalidInputError, match="one seed per start"):
        train_many(task, [task.init(0)], seeds=[1, 2])
    with pytest.raises(sf.errors.InvalidInputError, match="must hold one seed per start"):
        train_many(task, [])
