"""Every monitor against a plain recomputation in NumPy along a short run."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import surefit as sf
from surefit.core.tree import ravel
from surefit.testing.monitor import check_monitor
from surefit.training import MONITORS, Monitor
from surefit.training.monitors.kernel_drift import KernelDrift
from surefit.training.monitors.path_length import PathLength
from surefit.training.preactivations import preactivations, preactivations_obstacle

# Of these `test_implicit_monitors` has recomputations.
IMPLICIT = {
    "contraction",
    "equilibrium_residual",
    "equilibrium_steps",
    "feature_gram_smallest",
    "scaled_operator_norm",
}
# Of these `test_deep_monitors` has recomputations.
DEEP = {
    "feature_norm_largest",
    "feature_norm_smallest",
    "flip_ratio",
    "flips_per_layer",
    "gradient_lower_ratio",
    "gradient_upper_ratio",
    "margin",
    "product_norm",
    "semi_smoothness_random",
    "semi_smoothness_step",
    "separateness",
}
OWN = sorted(
    name
    for name, cls in MONITORS.entries().items()
    if cls.__module__.startswith("sure") and name not in IMPLICIT | DEEP
)
STEPS, WIDTH, INPUTS, SAMPLES, CLASSES = 12, 7, 3, 8, 3


@dataclasses.dataclass(frozen=True)
class EveryParameter(Monitor):
    """All trained parameters in one row."""

    title = "trained parameters"

    def measure(self, carry, view):
        return ravel(view.moving)[0]


def network():
    return sf.Serial(sf.Dense(WIDTH, bias_std=0.4), sf.Relu(), sf.Dense(CLASSES, trained=True))


@pytest.fixture(scope="module")
def run():
    """Relu with biases, one-hot targets; parameters of every step, and all monitors."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(SAMPLES, INPUTS))
    labels = rng.integers(0, CLASSES, size=SAMPLES)
    y = np.eye(CLASSES)[labels]
    problem = sf.Problem(network(), x, y)
    names = [*OWN, EveryParameter()]
    _, trajectory = sf.train(
        problem, problem.init(0), sf.GradientDescent(0.2), steps=STEPS, monitors=names, every=1
    )
    return Plain(trajectory["every_parameter"].values, x, y, labels), trajectory


class Plain:
    """The network and its derivatives by hand."""

    def __init__(self, rows, x, y, labels):
        self.rows, self.x, self.y, self.labels = rows, x, y, labels

    def parts(self, k):
        b, w, v = np.split(self.rows[k], [WIDTH, WIDTH + WIDTH * INPUTS])
        return b, w.reshape(WIDTH, INPUTS), v.reshape(CLASSES, WIDTH)

    def preactivation(self, k):
        b, w, _ = self.parts(k)
        return self.x @ w.T / np.sqrt(INPUTS) + 0.4 * b

    def outputs(self, k):
        return np.maximum(self.preactivation(k), 0) @ self.parts(k)[2].T / np.sqrt(WIDTH)

    def residual(self, k):
        return (self.outputs(k) - self.y).reshape(-1)

    def jacobian(self, k):
        z, v = self.preactivation(k), self.parts(k)[2] / np.sqrt(WIDTH)
        slope = (z > 0).astype(float)
        into_z = v[None] * slope[:, None, :]
        by_b = 0.4 * into_z
        by_w = np.einsum("iaj,ic->iajc", into_z, self.x) / np.sqrt(INPUTS)
        by_v = np.einsum("ab,ij->iabj", np.eye(CLASSES), np.maximum(z, 0)) / np.sqrt(WIDTH)
        rows = SAMPLES * CLASSES
        return np.hstack([by_b.reshape(rows, -1), by_w.reshape(rows, -1), by_v.reshape(rows, -1)])

    def gram(self, k):
        return self.jacobian(k) @ self.jacobian(k).T

    def gradient(self, k):
        return self.jacobian(k).T @ self.residual(k)


def distances(plain, k):
    b, w, v = (now - then for now, then in zip(plain.parts(k), plain.parts(0), strict=True))
    return [np.hypot(np.linalg.norm(b), np.linalg.norm(w)), np.linalg.norm(v)]


PLAIN = {
    "loss": lambda p, k: 0.5 * np.sum(p.residual(k) ** 2),
    "squared_residual": lambda p, k: np.sum(p.residual(k) ** 2),
    "accuracy": lambda p, k: np.mean(np.argmax(p.outputs(k), axis=1) == p.labels),
    "distance": lambda p, k: np.linalg.norm(p.rows[k] - p.rows[0]),
    "distance_per_layer": distances,
    "path_length": lambda p, k: np.linalg.norm(np.diff(p.rows[: k + 1], axis=0), axis=1).sum(),
    "gram_smallest": lambda p, k: np.linalg.eigvalsh(p.gram(k))[0],
    "gram_largest": lambda p, k: np.linalg.eigvalsh(p.gram(k))[-1],
    "kernel_drift": lambda p, k: np.linalg.norm(p.gram(k) - p.gram(0)) / np.linalg.norm(p.gram(0)),
    "lazy_gap": lambda p, k: np.linalg.norm(
        p.outputs(k).reshape(-1)
        - p.outputs(0).reshape(-1)
        - p.jacobian(0) @ (p.rows[k] - p.rows[0])
    ),
    "flips": lambda p, k: np.mean((p.preactivation(k) > 0) != (p.preactivation(0) > 0)),
    "gradient_norm": lambda p, k: np.linalg.norm(p.gradient(k)),
    "pl_ratio": lambda p, k: np.sum(p.gradient(k) ** 2) / np.sum(p.residual(k) ** 2),
    "operator_norm": lambda p, k: [np.linalg.norm(m, 2) for m in p.parts(k)[1:]],
}


@pytest.mark.parametrize("name", OWN)
def test_a_monitor_equals_its_recomputation(run, name):
    plain, trajectory = run
    series = trajectory[name]
    expected = np.array([PLAIN[name](plain, int(k)) for k in series.times])
    np.testing.assert_allclose(series.values, expected, rtol=1e-9, atol=1e-12)
    assert series.times[0] == 0 and series.times[-1] == STEPS and len(series.times) >= 2
    columns = series.values.shape[1:]
    assert columns == ((len(series.labels),) if series.labels else ())
    # No quantity stands still.
    assert np.ptp(np.atleast_2d(series.values.T), axis=1).min() > 0
    check_monitor(MONITORS[name]())


def test_the_columns_are_named(run):
    _, trajectory = run
    assert trajectory["distance_per_layer"].labels == ("0", "2")
    assert trajectory["operator_norm"].labels == ("0/w", "2/w")
    assert trajectory["distance"].labels == ()


def test_the_spectral_norm_of_a_wide_matrix():
    problem = sf.Problem(
        sf.Serial(sf.Dense(2), sf.Tanh(), sf.Dense(1)), np.ones((2, 5)), np.ones(2)
    )
    start = problem.init(0)
    _, series = sf.train(
        problem, start, sf.GradientDescent(0.1), steps=0, monitors=["operator_norm"]
    )
    norms = [np.linalg.norm(start[0]["w"], 2), np.linalg.norm(start[2]["w"], 2)]
    np.testing.assert_allclose(series["operator_norm"].values[0], norms, rtol=1e-13)


def binary_accuracy(targets, outputs):
    # Linear with one-hot inputs: the outputs are the weights.
    n = len(targets)
    problem = sf.Problem(sf.Dense(1), np.sqrt(n) * np.eye(n), np.array(targets))
    params = {"w": np.array([outputs], dtype=float)}
    _, run = sf.train(problem, params, steps=0, monitors=["accuracy"])
    return run["accuracy"].values[0]


def test_two_classes_in_one_column():
    assert binary_accuracy([1, -1, 1, -1], [0.1, -5, -0.1, 2]) == 0.5
    assert binary_accuracy([1, -1, 1, -1], [0.0, 0.0, 1, -1]) == 0.5  # a tie is a mistake
    assert binary_accuracy([1, 0, 1, 0], [0.6, 0.4, 0.4, -3]) == 0.75  # around one half


@pytest.mark.parametrize(
    ("targets", "fits"),
    [
        (np.eye(3)[[0, 1, 1, 2]], True),
        (np.eye(3)[[0, 1, 1, 2]] - 1 / 3, True),
        (np.array([[1.0, 1, 0], [0, 0, 0], [0, 1, 0], [1, 0, 0]]), False),
        (np.array([[1.0], [-1], [1], [1]]), True),
        (np.array([[1.0], [2], [3], [3]]), False),
        (np.ones((4, 1)), False),
    ],
)
def test_which_targets_are_classes(targets, fits):
    problem = sf.Problem(sf.Dense(targets.shape[1]), np.eye(4), targets)
    obstacle = MONITORS["accuracy"]().obstacle(problem, problem.init(0))
    assert (obstacle is None) is fits


def test_a_tie_of_several_outputs_is_a_mistake():
    problem = sf.Problem(sf.Dense(2), np.sqrt(2) * np.eye(2), np.eye(2))
    params = {"w": np.array([[1.0, 0.0], [1.0, 3.0]])}
    _, run = sf.train(problem, params, steps=0, monitors=["accuracy"])
    assert run["accuracy"].values[0] == 0.5


def test_the_pl_ratio_has_no_value_at_the_minimum():
    problem = sf.Problem(sf.Dense(1), np.eye(2), np.zeros(2))
    _, run = sf.train(problem, {"w": np.zeros((1, 2))}, sf.GradientDescent(0.1), steps=0,
                      monitors=["pl_ratio"])  # fmt: skip
    assert np.isnan(run["pl_ratio"].values[0])


def test_preactivations_of_residual_and_centred_networks():
    x = np.random.default_rng(0).normal(size=(5, 3))
    branch = sf.Serial(sf.Tanh(), sf.Dense(4))
    inner = sf.Serial(sf.Dense(4), sf.Residual(branch, 0.5), sf.Relu(), sf.Dense(1))
    problem = sf.Problem(inner, x, np.ones(5))
    params = problem.init(0)
    first, second = preactivations(inner, params, problem.x)
    z = x @ np.asarray(params[0]["w"]).T / np.sqrt(3)
    np.testing.assert_allclose(first, z, rtol=1e-12)
    onward = z + 0.5 * np.tanh(z) @ np.asarray(params[1][1]["w"]).T / 2
    np.testing.assert_allclose(second, onward, rtol=1e-12)
    centred = sf.Problem(sf.Centred(inner), x, np.ones(5))
    found = preactivations(centred.network, centred.init(0), centred.x)
    assert [z.shape for z in found] == [(5, 4), (5, 4)]
    assert preactivations_obstacle(problem, params) is None


@dataclasses.dataclass(frozen=True)
class Loop(sf.layers.Layer):
    """Applies an activation in a loop of its own."""

    activation: sf.activations.Activation = dataclasses.field(default_factory=sf.Tanh)

    def output_shape(self, input_shape):
        return input_shape

    def init(self, key, input_shape):
        return {"w": jnp.ones(())}

    def apply(self, params, x):
        return jax.lax.fori_loop(0, 3, lambda _, z: self.activation(params["w"] * z), x)

    def kernel(self, k):
        raise NotImplementedError


def test_activations_inside_of_a_loop_are_an_obstacle():
    problem = sf.Problem(Loop(), np.ones((2, 1)), np.ones(2))
    assert "inside a loop of its own" in preactivations_obstacle(problem, problem.init(0))


def test_accumulating_monitors_alone_take_part_in_every_step():
    assert PathLength().accumulates and not KernelDrift().accumulates


class Broken(Monitor):
    title = "broken"

    def measure(self, carry, view):
        return jnp.zeros(3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "is an instance of a dataclass"),
        ({"__doc__": "Sentence."}, "a number, or one number per label"),
        ({"__doc__": "Sentence.", "measure": lambda s, c, v: jnp.nan * v.loss}, "finite"),
        ({"__doc__": "Sentence.", "measure": lambda s, c, v: v.loss.astype("float32")}, "float64"),
        ({"__doc__": "No sentence", "measure": lambda s, c, v: v.loss}, "docstring"),
        (
            {
                "__doc__": "Sentence.",
                "measure": lambda s, c, v: v.loss,
                "start": lambda s, v: jnp.zeros(()),
                "update": lambda s, c, m: jnp.zeros(2),
            },
            "keeps structure, shapes and types of its carry",
        ),
        ({"__doc__": "S.", "measure": lambda s, c, v: v.loss, "expensive": True}, "`flops`"),
        ({"__doc__": "S.", "title": " ", "measure": lambda s, c, v: v.loss}, "`title` says"),
    ],
)
def test_the_conformance_suite_finds_what_is_wrong(changes, message):
    cls = type("_Wrong", (Broken,), changes)
    if changes:
        cls = dataclasses.dataclass(frozen=True)(cls)
    with pytest.raises(AssertionError, match=message):
        check_monitor(cls())
