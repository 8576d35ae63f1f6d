"""When a run pauses and measures, and that it compiles once."""

import itertools

import jax
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import surefit as sf
from surefit.core.tree import count
from surefit.training import MONITORS
from surefit.training.costs import gradient_flops, gram_flops
from surefit.training.methods.gradient_descent import GradientDescent
from surefit.training.monitors.gram_smallest import GramSmallest
from surefit.training.schedule import Schedule
from surefit.training.setup import make_schedule

schedules = st.builds(
    Schedule,
    chunk=st.sampled_from([1, 2, 5, 25, 100, 250, 1000]),
    every=st.none() | st.integers(1, 300),
    period=st.integers(1, 500),
    spacing=st.just(1) | st.integers(2, 400),
)


@settings(deadline=None, max_examples=20)
@given(schedules, st.integers(0, 2000))
def test_a_resumed_run_passes_the_same_pauses(schedule, after):
    everything = list(itertools.takewhile(lambda p: p.step < 2500, schedule.pauses()))
    rest = list(itertools.takewhile(lambda p: p.step < 2500, schedule.pauses(after=after)))
    assert rest == [pause for pause in everything if pause.step > after]


@settings(deadline=None, max_examples=20)
@given(schedules)
@example(Schedule(1, spacing=228))  # a change of the width between two measurements
def test_the_rules_of_the_schedule(schedule):
    pauses = list(itertools.takewhile(lambda p: p.step < 3000, schedule.pauses()))
    steps = np.array([pause.step for pause in pauses])
    assert steps[0] == 0 and np.all(np.diff(steps) >= 1) and np.diff(steps).max() <= schedule.chunk
    expensive = [pause.step for pause in pauses if pause.expensive]
    assert expensive[0] == 0 and np.all(np.diff(expensive) >= schedule.period)
    cheap = [pause.step for pause in pauses if pause.cheap]
    if schedule.every is not None:
        assert cheap == list(range(0, 3000, schedule.every))
    else:
        widest = max(schedule.chunk, 250)
        if schedule.spacing == 1:
            assert cheap[:17] == list(range(17))
        assert np.diff(cheap).max() <= widest
        apart = min(schedule.spacing, widest)
        # A change of the width on the way up may bring its neighbours closer.
        assert np.sum(np.diff(cheap) < apart) <= np.log2(3000)
        assert len(cheap) <= 3000 / apart + np.log2(3000)
    asked = [pause.step for pause in pauses if pause.asked]
    powers = [2**i for i in range(13) if 2**i < schedule.chunk]
    assert asked[: len(powers) + 1] == [0, *powers]
    assert asked[len(powers) + 1 :] == list(range(schedule.chunk, 3000, schedule.chunk))


def test_expensive_monitors_take_about_a_tenth_of_the_operations():
    x = np.random.default_rng(0).normal(size=(200, 20))
    problem = sf.Problem(sf.models.shallow(50), x, np.ones(200))
    params, method, monitor = problem.init(0), GradientDescent(0.1), GramSmallest()
    schedule = make_schedule(problem, params, method, (monitor,), None)
    step, cost = method.flops(problem, params), monitor.flops(problem, params)
    assert cost > gram_flops(problem, params) > step
    assert cost <= 0.1 * step * schedule.period <= 1.5 * cost
    assert make_schedule(problem, params, method, (), None).period == 1
    # Larger problems pause after fewer steps, always at divisors of 1000.
    lengths = [
        make_schedule(p, p.init(0), method, (), None).chunk
        for p in (problem, sf.Problem(sf.models.shallow(4000), x, np.ones(200)))
    ]
    assert lengths == [1000, 125]


def test_cheap_monitors_take_less_than_a_tenth_of_long_steps():
    def spacing(width, monitors, precision="float64", every=None):
        x = np.random.default_rng(0).normal(size=(500, 100))
        layers = (sf.Dense(width), sf.Relu(), sf.Dense(width), sf.Relu(), sf.Dense(1))
        problem = sf.Problem(sf.Serial(*layers), x, np.ones(500))
        params, method = problem.init(0), GradientDescent(0.1)
        asked = tuple(MONITORS[name]() for name in monitors)
        found = make_schedule(problem, params, method, asked, every, precision)
        return found.spacing, [m.flops(problem, params) for m in asked], count(params), problem

    with jax.enable_x64(True):
        wide, (flips,), numbers, problem = spacing(512, ["flips"])
        step = gradient_flops(problem.init(0), 500) + 1000.0 * numbers
        # One forward pass, the features, and the parameters, which the step goes through as well.
        assert flips == pytest.approx(2.0 * 500 * numbers + 2000.0 * 500 * 1024)
        cost, share = flips + 1000.0 * numbers, 0.06 * step
        assert cost <= share * wide < cost + share
        assert 1.9 * wide - 1 <= spacing(512, ["flips"], "float32")[0] <= 2 * wide
        assert spacing(512, ["flips", "lazy_gap"])[0] > wide > spacing(512, ["distance"])[0] > 1
        # Nothing to measure, and steps that are over before a measurement is called.
        assert spacing(512, [])[0] == spacing(16, ["flips"])[0] == 1


class Counting(GradientDescent):
    """Notes every compilation of its step."""

    def step(self, problem, moving, fixed, state, *, step, key):
        traces.append(1)
        return super().step(problem, moving, fixed, state, step=step, key=key)


traces: list[int] = []


def test_a_run_compiles_once_whatever_its_numbers():
    rng = np.random.default_rng(0)
    traces.clear()
    for seed, step_size, steps, target in ((0, 0.1, 40, None), (1, 0.2, 3000, 1e-3)):
        x, y = rng.normal(size=(7, 3)), rng.normal(size=7)
        problem = sf.Problem(sf.models.shallow(8), x, y)
        sf.train(
            problem,
            problem.init(seed),
            Counting(step_size),
            steps=steps,
            monitors=["path_length"],
            seed=seed,
            target_loss=target,
        )
        # Tracing a loop may visit its body more than once; a second compilation would add to that.
        once = len(traces) if seed == 0 else once
    assert len(traces) == once <= 3


@pytest.mark.parametrize("every", [None, 10])
def test_how_often_is_measured_changes_no_number(small, every):
    one, a = sf.train(small, small.init(0), steps=150, monitors=["path_length", "distance"])
    two, b = sf.train(
        small, small.init(0), steps=150, monitors=["path_length", "distance"], every=every or 7
    )
    np.testing.assert_array_equal(one[0]["w"], two[0]["w"])
    np.testing.assert_array_equal(a["loss"].values, b["loss"].values)
    common = np.intersect1d(a["distance"].times, b["distance"].times)
    assert len(common) > 3
    for name in ("path_length", "distance"):
        pick = [s[name].values[np.isin(s[name].times, common)] for s in (a, b)]
        np.testing.assert_array_equal(*pick)
