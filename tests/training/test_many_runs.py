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


@pytest.mark.parametrize(
    "method", [GradientDescent(), StochasticGradientDescent(batch_size=4, step_size=0.02)]
)
def test_every_run_ends_where_it_ends_alone(method):
    task, seeds = problem(), range(3, 9)
    starts = [task.init(seed) for seed in seeds]
    # A target that about half of them reach.
    ends = [run["loss"].last for run in alone(task, starts, method, seeds, steps=1500)]
    options = {"steps": 1500, "target_loss": float(np.median(ends))}
    heard = []
    many = train_many(
        task, starts, method, seeds=seeds, progress=lambda *now: heard.append(now), **options
    )
    single = alone(task, starts, method, seeds, **options)
    assert many.status == tuple(run.status for run in single)
    assert {Status.TARGET_REACHED, Status.STEPS_DONE} == set(many.status)
    np.testing.assert_array_equal(many.steps, [run.steps for run in single])
    # Sums are rounded in another order; descent contracts, so that losses agree to nine digits.
    np.testing.assert_allclose(many.loss, [run["loss"].last for run in single], rtol=1e-9)
    np.testing.assert_allclose(many.step_size, [run.step_size for run in single], rtol=1e-12)
    assert heard[-1][1] == 0 or heard[-1] == (1500, many.status.count(Status.STEPS_DONE))
    assert many.losses.shape == (len(many.times), 6)
    np.testing.assert_array_equal(many.losses[-1], many.loss)


def test_divergence_ends_the_run_that_diverges():
    task = problem()
    starts = [task.init(0), task.init(1), task.init(2)]
    many = train_many(task, starts, GradientDescent(step_size=3.0), steps=400)
    single = alone(task, starts, GradientDescent(step_size=3.0), range(3), steps=400)
    assert many.status == tuple(run.status for run in single)
    assert Status.DIVERGED in many.status
    np.testing.assert_array_equal(many.steps, [run.steps for run in single])
    np.testing.assert_allclose(many.loss, [run["loss"].last for run in single], rtol=1e-6)


def test_a_run_that_begins_at_the_target_makes_no_step():
    task = problem()
    many = train_many(task, [task.init(0)], steps=10, target_loss=100.0)
    assert many.status == (Status.TARGET_REACHED,) and many.steps[0] == 0
    assert train_many(task, [task.init(0)], steps=0).status == (Status.STEPS_DONE,)


def test_what_it_refuses():
    task = problem()
    with pytest.raises(sf.errors.InvalidInputError, match="one seed per start"):
        train_many(task, [task.init(0)], seeds=[1, 2])
    with pytest.raises(sf.errors.InvalidInputError, match="must hold one seed per start"):
        train_many(task, [])
