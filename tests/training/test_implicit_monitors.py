"""Monitors of equilibria against recomputations in NumPy, along a short run."""

import dataclasses
import itertools

import numpy as np
import pytest

import surefit as sf
from surefit.core.tree import ravel
from surefit.testing.monitor import check_monitor
from surefit.training import MONITORS, Monitor
from surefit.training.choice import choose_monitors

IMPLICIT = (
    "contraction",
    "equilibrium_residual",
    "equilibrium_steps",
    "feature_gram_smallest",
    "scaled_operator_norm",
)
STEPS, M, GAMMA = 8, 12, 0.3


@dataclasses.dataclass(frozen=True)
class _AllParameters(Monitor):
    """All trained parameters in one row."""

    title = "trained parameters"

    def measure(self, carry, view):
        return ravel(view.moving)[0]


@pytest.fixture(scope="module")
def run():
    """The implicit ReLU network in the scalings of its paper."""
    x = np.random.default_rng(0).normal(size=(5, 4))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    y = np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    problem = sf.Problem(sf.models.implicit_relu(M, GAMMA), x, y)
    names = [*IMPLICIT, "flips", _AllParameters()]
    _, trajectory = sf.train(
        problem, problem.init(0), sf.GradientDescent(0.05), steps=STEPS, monitors=names, every=1
    )
    return Plain(x, trajectory), trajectory


class Plain:
    """The paper's quantities by hand: z, phi and A of every step."""

    def __init__(self, x, trajectory):
        self.x, self.rows = x, trajectory["_all_parameters"].values

    def parts(self, k):
        w, a, _, _ = np.split(self.rows[k], np.cumsum([4 * M, M * M, M]))
        phi = np.maximum(self.x @ w.reshape(M, 4).T, 0) / np.sqrt(M)
        return phi, GAMMA / np.sqrt(M) * a.reshape(M, M)

    def states(self, k, steps=200):
        phi, w = self.parts(k)
        found = [np.maximum(phi, 0)]
        for _ in range(steps):
            found.append(np.maximum(found[-1] @ w.T + phi, 0))
        return found

    def ratios(self, k):
        h = self.states(k, 24)
        gaps = [np.linalg.norm(b - a, axis=1) for a, b in itertools.pairwise([0 * h[0], *h])]
        sizes = np.array([np.linalg.norm(state, axis=1) for state in h[:-1]])
        ratios = np.array([b / np.where(a > 0, a, 1.0) for a, b in itertools.pairwise(gaps)])
        # Differences of half the digits: below, their ratios are rounding.
        meaningful = np.array(gaps[:-1]) > np.sqrt(np.finfo(float).eps) * sizes
        return np.max(np.where(meaningful, ratios, 0.0))

    def flips(self, k):
        def signs(k):
            phi, w = self.parts(k)
            first, *_ = np.split(self.rows[k], [4 * M])
            return np.hstack(
                [self.x @ first.reshape(M, 4).T > 0, self.states(k)[-1] @ w.T + phi > 0]
            )

        return np.mean(signs(k) != signs(0))


PLAIN = {
    "scaled_operator_norm": lambda p, k: [np.linalg.norm(p.parts(k)[1], 2)],
    "feature_gram_smallest": lambda p, k: np.linalg.eigvalsh(p.parts(k)[0] @ p.parts(k)[0].T)[0],
    "contraction": lambda p, k: p.ratios(k),
    "flips": lambda p, k: p.flips(k),
}


@pytest.mark.parametrize("name", PLAIN)
def test_a_monitor_equals_its_recomputation(run, name):
    plain, trajectory = run
    series = trajectory[name]
    expected = np.array([PLAIN[name](plain, int(k)) for k in series.times])
    # A ratio of differences of half the digits has the other half.
    rtol = 1e-7 if name == "contraction" else 1e-9
    np.testing.assert_allclose(series.values, expected, rtol=rtol, atol=1e-12)
    assert series.times[-1] == STEPS and np.ptp(series.values) > 0


def test_residuals_and_steps(run):
    plain, trajectory = run
    residual, steps = trajectory["equilibrium_residual"], trajectory["equilibrium_steps"]
    assert 0 < residual.values.max() < 32 * np.finfo(float).eps
    for k, taken in zip(steps.times, steps.values, strict=True):
        # The first step at which the relative change of every sample is at most the tolerance.
        h = [0 * plain.x[:, :1], *plain.states(int(k))]
        tolerance = 32 * np.finfo(float).eps
        change = [
            np.max(np.linalg.norm(b - a, axis=1) / np.linalg.norm(b, axis=1))
            for a, b in itertools.pairwise(h)
        ]
        assert abs(int(np.argmax(np.array(change) <= tolerance)) + 1 - taken) <= 1


def test_the_columns_are_named_and_the_gram_matrix_is_that_of_the_paper(run):
    _, trajectory = run
    assert trajectory["scaled_operator_norm"].labels == ("2/0/0",)
    assert all(trajectory[name].labels == () for name in IMPLICIT[:-1])
    # Orthonormal inputs: G tends to a matrix with smallest eigenvalue 1/2 - 1/(2 pi). At m = 400
    # an entry fluctuates by about 1/sqrt(m) = 0.05; four of that.
    problem = sf.Problem(sf.models.implicit_relu(400, 0.1), np.eye(3), np.ones(3))
    _, start = sf.train(problem, problem.init(0), sf.GradientDescent(1e-3), steps=0,
                        monitors=["feature_gram_smallest", "scaled_operator_norm"])  # fmt: skip
    smallest, norm = (start[name].values[0] for name in IMPLICIT[3:])
    assert abs(smallest - (0.5 - 0.5 / np.pi)) < 0.2
    # The edge 2 gamma fluctuates by m^(-2/3), about 2 %.
    assert norm == pytest.approx(0.2, rel=0.06)


@pytest.mark.parametrize("name", IMPLICIT)
def test_conformance_and_obstacle(name):
    monitor = MONITORS[name]()
    check_monitor(monitor)
    explicit = sf.Problem(sf.models.shallow(4), np.eye(3), np.ones(3))
    assert "no equilibrium among its layers" in monitor.obstacle(explicit, explicit.init(0))
    with pytest.raises(sf.errors.InvalidInputError, match="no equilibrium among its layers"):
        choose_monitors(explicit, explicit.init(0), [name])


def test_they_are_standard_where_there_is_an_equilibrium():
    implicit = sf.Problem(sf.models.implicit_relu(6), np.eye(3), np.ones(3))
    explicit = sf.Problem(sf.models.shallow(4), np.eye(3), np.ones(3))
    names = [{m.name for m in choose_monitors(p, p.init(0), None)} for p in (implicit, explicit)]
    assert {*IMPLICIT, "flips"} <= names[0] and not names[1] & set(IMPLICIT)


def test_the_worst_of_several_equilibria_counts():
    branches = [sf.Equilibrium(6, sf.Tanh(), gamma) for gamma in (0.1, 0.4)]
    network = sf.Serial(sf.Dense(6), sf.Sum(*branches), sf.Dense(1))
    problem = sf.Problem(network, np.eye(3), np.ones(3))
    _, run = sf.train(problem, problem.init(0), sf.GradientDescent(0.1), steps=1,
                      monitors=list(IMPLICIT))  # fmt: skip
    assert run["scaled_operator_norm"].labels == ("1/0", "1/1")
    small, large = run["scaled_operator_norm"].values[0]
    assert small < large and small < run["contraction"].values[0] <= large
    assert run["equilibrium_steps"].values[0] > 12
