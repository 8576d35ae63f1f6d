"""Arguments that cannot be, and a caller in float32 mode."""

import dataclasses
import subprocess
import sys

import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.tree import norm
from surefit.errors import InvalidInputError, UnknownNameError
from surefit.training import MONITORS, Monitor
from surefit.training.arguments import check_numbers
from surefit.training.choice import choose_method, choose_monitors
from surefit.training.monitors.distance import Distance


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"steps": -1}, r"train\(steps=...\)` must be a whole number of at least 0. Got -1"),
        ({"every": 0}, r"train\(every=...\)` must be a whole number of at least 1"),
        ({"seed": -3}, r"train\(seed=...\)` must be a whole number of at least 0"),
        ({"target_loss": float("nan")}, r"train\(target_loss=...\)` must be a finite number"),
        ({"monitors": "distance"}, r"must be a list.*monitors=\['distance'\]"),
    ],
)
def test_arguments_that_cannot_be(small, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        sf.train(small, small.init(0), **arguments)


@pytest.mark.parametrize("steps", [1.5, True, "100", None])
def test_counts_that_are_none(steps):
    with pytest.raises(InvalidInputError, match=r"train\(steps=...\)` must be a whole number"):
        check_numbers(steps, None, None, 0)


def test_methods_by_name_or_instance():
    assert choose_method(None) == sf.GradientDescent()
    assert choose_method("sgd") == sf.StochasticGradientDescent()
    with pytest.raises(UnknownNameError, match="Did you mean 'gradient_descent'"):
        choose_method("gradient_decent")
    with pytest.raises(
        InvalidInputError, match=r"Got the class GradientDescent.*Write an instance"
    ):
        choose_method(sf.GradientDescent)


def test_unknown_monitors_get_a_suggestion(small):
    with pytest.raises(UnknownNameError, match="Did you mean 'gram_smallest'"):
        sf.train(small, small.init(0), monitors=["gram_smalest"])
    for wrong, shown in ((3, "Got 3"), (Distance, "Got the class Distance")):
        with pytest.raises(InvalidInputError, match=f"monitors or names of monitors. {shown}"):
            choose_monitors(small, small.init(0), [wrong])


@dataclasses.dataclass(frozen=True)
class ScaledDistance(Monitor):
    """A distance in other units."""

    factor: float
    title = "scaled distance"

    def measure(self, carry, view):
        return self.factor * norm(view.movement)


def test_a_monitor_may_have_options(small):
    _, run = sf.train(
        small, small.init(0), steps=5, monitors=["distance", ScaledDistance(factor=3.0)]
    )
    np.testing.assert_allclose(run["scaled_distance"].values, 3 * run["distance"].values)


def test_series_have_names_of_their_own(small):
    with pytest.raises(InvalidInputError, match="both named 'scaled_distance'"):
        choose_monitors(small, small.init(0), [ScaledDistance(1.0), ScaledDistance(2.0)])


def test_the_standard_set_is_what_can_be_measured(small):
    params = small.init(0)
    names = {monitor.name for monitor in choose_monitors(small, params, None)}
    standard = {name for name in MONITORS if MONITORS[name].standard} - _foreign()
    measurable = {n for n in standard if MONITORS[n]().obstacle(small, params) is None}
    assert names == measurable - {"loss", "squared_residual"}
    assert {"distance", "flips", "gram_smallest", "pl_ratio"} <= names
    same = choose_monitors(small, params, ["standard", "distance", Distance(), "loss"])
    assert same == choose_monitors(small, params, None)
    linear = sf.Problem(sf.Serial(sf.Dense(1)), small.x, np.arange(6.0))
    left = {monitor.name for monitor in choose_monitors(linear, linear.init(0), None)}
    assert names - left == {"accuracy", "flips"}
    wide = sf.Problem(sf.models.shallow(4), np.ones((3000, 2)), np.ones(3000))
    skipped = {m.name for m in choose_monitors(wide, wide.init(0), None)}
    assert names - skipped == {"accuracy", "gram_smallest", "gram_largest"}
    assert choose_monitors(wide, wide.init(0), ["gram_smallest"])[0].name == "gram_smallest"


def _foreign():
    return {name for name in MONITORS if not MONITORS[name].__module__.startswith("surefit.")}


@pytest.mark.parametrize(
    ("name", "targets", "message"),
    [
        ("accuracy", np.arange(6.0), "'accuracy', which cannot. The targets are no classes"),
        ("flips", np.ones(6), "'flips', which cannot. The network has no activation"),
    ],
)
def test_monitors_that_cannot_measure_say_so_when_asked(small, name, targets, message):
    problem = sf.Problem(sf.Serial(sf.Dense(1)), small.x, targets)
    with pytest.raises(InvalidInputError, match=message):
        sf.train(problem, problem.init(0), monitors=[name])


def test_parameters_that_do_not_fit(small):
    other = sf.Problem(sf.models.shallow(8), small.x, small.y)
    with pytest.raises(InvalidInputError, match=r"must be parameters of the problem's network"):
        sf.train(small, other.init(0))
    with pytest.raises(InvalidInputError, match=r"must be parameters of the problem's network"):
        sf.train(small, {"w": np.ones(3)})
    start = small.init(0)
    broken = ({"w": start[0]["w"].at[0, 0].set(jnp.nan)}, *start[1:])
    with pytest.raises(InvalidInputError, match="Got NaN or infinity in '0/w'"):
        sf.train(small, broken)
    huge = ({"w": start[0]["w"]}, (), {"w": 1e200 * start[2]["w"].at[0, 0].add(1.0)})
    with pytest.raises(InvalidInputError, match="must give a finite loss"):
        sf.train(small, huge, sf.GradientDescent(0.1))
    frozen = sf.Problem(
        sf.Serial(sf.Dense(4, trained=False), sf.Tanh(), sf.Dense(1, trained=False)),
        small.x,
        small.y,
    )
    with pytest.raises(InvalidInputError, match="must have trained parameters"):
        sf.train(frozen, frozen.init(0))


FLOAT32_CALLER = """
import warnings; warnings.simplefilter("error")
import sys
import jax, jax.numpy as jnp, numpy as np
import surefit as sf
assert not jax.config.jax_enable_x64
x = np.eye(4)[:3]
problem = sf.Problem(sf.models.shallow(16), x, np.array([1.0, -1.0, 1.0]))
params = problem.init(0)
seen = []
def stop(problem, params, step):
    seen.append(problem.objective(params).dtype)
    return False
for method in ("gradient_descent", "sgd", "gradient_flow"):
    if method == "sgd":
        method = sf.StochasticGradientDescent(batch_size=2)
    found, run = sf.train(problem, params, method, steps=400, monitors=["path_length"], stop=stop)
    assert found[0]["w"].dtype == np.float64 and isinstance(found[0]["w"], np.ndarray)
    assert run["loss"].values.dtype == np.float64 and run["path_length"].values.dtype == np.float64
    # Far below what float32 resolves.
    assert run["loss"].last < 1e-20, run["loss"].last
    assert problem.objective(found) < 1e-20
assert set(seen) == {np.dtype(np.float64)}
assert jnp.ones(2).dtype == jnp.float32 and not jax.config.jax_enable_x64
"""


def test_a_float32_caller_trains_in_float64():
    subprocess.run([sys.executable, "-c", FLOAT32_CALLER], check=True)


def test_numpy_and_float32_parameters_are_cast_exactly(small):
    start = small.init(0)
    single = tuple({k: np.asarray(v, np.float32) for k, v in layer.items()} if layer else ()
                   for layer in start)  # fmt: skip
    double = tuple({k: np.asarray(v, np.float64) for k, v in layer.items()} if layer else ()
                   for layer in single)  # fmt: skip
    a, _ = sf.train(small, single, steps=20, monitors=["distance", "path_length"])
    b, _ = sf.train(small, double, steps=20, monitors=["distance", "path_length"])
    assert a[0]["w"].dtype == jnp.float64
    np.testing.assert_array_equal(a[0]["w"], b[0]["w"])
